//! `PutBucketRequestPayment` and `GetBucketRequestPayment`.

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        GetBucketRequestPaymentInput, GetBucketRequestPaymentOutput, Payer, PutBucketRequestPaymentInput,
        PutBucketRequestPaymentOutput,
    },
};

use super::store::Buckets;

pub(crate) fn put(
    buckets: &mut Buckets,
    input: &PutBucketRequestPaymentInput,
) -> S3Result<PutBucketRequestPaymentOutput> {
    let bucket = buckets.get_mut(&input.bucket)?;
    bucket.requester_pays = match input.request_payment_configuration.payer.as_str() {
        Payer::REQUESTER => true,
        Payer::BUCKET_OWNER => false,
        _ => {
            let message = "The XML you provided was not well-formed or did not validate against our published \
                           schema";
            return Err(S3Error::with_message(S3ErrorCode::MalformedXML, message));
        }
    };
    Ok(PutBucketRequestPaymentOutput {})
}

pub(crate) fn get(
    buckets: &Buckets,
    input: &GetBucketRequestPaymentInput,
) -> S3Result<GetBucketRequestPaymentOutput> {
    let requester = buckets.get(&input.bucket)?.requester_pays;
    let payer = if requester { Payer::REQUESTER } else { Payer::BUCKET_OWNER };
    Ok(GetBucketRequestPaymentOutput { payer: Some(Payer::from_static(payer)) })
}
