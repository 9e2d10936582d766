//! The checksums that S3 keeps beside an object.

use bytes::Bytes;
use http::HeaderMap;
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256},
    dto,
};

use super::content::Content;

/// A checksum algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    /// What S3 takes if the request names none.
    #[default]
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// What a checksum is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All the bytes.
    FullObject,
    /// The checksums of the parts.
    Composite,
}

/// A checksum that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checksum {
    pub(crate) algorithm: Algorithm,
    pub(crate) kind: Kind,
    /// In base64; of a composite one, followed by the number of parts.
    pub(crate) value: String,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    const fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The algorithm of a request, if it names one.
    pub(crate) fn of(name: Option<&dto::ChecksumAlgorithm>) -> S3Result<Option<Self>> {
        let Some(name) = name else { return Ok(None) };
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name() == name.as_str());
        found.map(Some).ok_or_else(|| {
            let message = "Checksum algorithm provided is unsupported. Please try again with any of the \
                           valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]";
            S3Error::with_message(S3ErrorCode::InvalidRequest, message)
        })
    }

    pub(crate) fn dto(self) -> dto::ChecksumAlgorithm {
        dto::ChecksumAlgorithm::from_static(self.name())
    }

    fn hasher(self) -> ChecksumHasher {
        let mut hasher = ChecksumHasher::default();
        match self {
            Self::Crc32 => hasher.crc32 = Some(Crc32::new()),
            Self::Crc32c => hasher.crc32c = Some(Crc32c::new()),
            Self::Crc64Nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
            Self::Sha1 => hasher.sha1 = Some(Sha1::new()),
            Self::Sha256 => hasher.sha256 = Some(Sha256::new()),
        }
        hasher
    }

    fn finish(self, hasher: ChecksumHasher) -> String {
        let sums = hasher.finalize();
        let sum = match self {
            Self::Crc32 => sums.checksum_crc32,
            Self::Crc32c => sums.checksum_crc32c,
            Self::Crc64Nvme => sums.checksum_crc64nvme,
            Self::Sha1 => sums.checksum_sha1,
            Self::Sha256 => sums.checksum_sha256,
        };
        sum.unwrap_or_default()
    }
}

impl Kind {
    pub(crate) fn dto(self) -> dto::ChecksumType {
        dto::ChecksumType::from_static(match self {
            Self::FullObject => dto::ChecksumType::FULL_OBJECT,
            Self::Composite => dto::ChecksumType::COMPOSITE,
        })
    }
}

impl Checksum {
    /// The checksum of a content; none of a synthetic one, which nobody has read.
    pub(crate) fn of(content: &Content, algorithm: Algorithm) -> Option<Self> {
        if !content.is_real() {
            return None;
        }
        let mut hasher = algorithm.hasher();
        content.each_bytes(|bytes| hasher.update(bytes));
        Some(Self { algorithm, kind: Kind::FullObject, value: algorithm.finish(hasher) })
    }

    /// The checksum of the checksums of parts.
    pub(crate) fn composite<'a>(
        algorithm: Algorithm,
        parts: impl IntoIterator<Item = &'a Self>,
    ) -> Option<Self> {
        let mut hasher = algorithm.hasher();
        let mut count = 0;
        for part in parts {
            hasher.update(&aws_smithy_types::base64::decode(&part.value).ok()?);
            count += 1;
        }
        let value = format!("{}-{count}", algorithm.finish(hasher));
        Some(Self { algorithm, kind: Kind::Composite, value })
    }
}

/// What a request says the checksum is, in its headers or in its trailer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims(Vec<(Algorithm, String)>);

impl Claims {
    pub(crate) fn of(sums: dto::Checksum) -> Self {
        let sums = [
            (Algorithm::Crc32, sums.checksum_crc32),
            (Algorithm::Crc32c, sums.checksum_crc32c),
            (Algorithm::Crc64Nvme, sums.checksum_crc64nvme),
            (Algorithm::Sha1, sums.checksum_sha1),
            (Algorithm::Sha256, sums.checksum_sha256),
        ];
        Self(sums.into_iter().filter_map(|(algorithm, sum)| Some((algorithm, sum?))).collect())
    }

    pub(crate) fn add_trailer(&mut self, trailer: &HeaderMap) {
        for algorithm in Algorithm::ALL {
            if let Some(sum) = trailer.get(algorithm.header()).and_then(|sum| sum.to_str().ok()) {
                self.0.push((algorithm, sum.to_owned()));
            }
        }
    }

    /// Whether what is claimed, if anything is, is this.
    pub(crate) fn agree(&self, checksum: Option<&Checksum>) -> bool {
        self.0.iter().all(|(algorithm, sum)| {
            checksum.is_some_and(|known| known.algorithm == *algorithm && known.value == *sum)
        })
    }

    /// Checks the claims against the bytes.
    ///
    /// # Errors
    /// `BadDigest` if one is wrong.
    pub(crate) fn check(&self, bytes: &Bytes) -> S3Result<()> {
        let content = Content::bytes(bytes.clone());
        for (algorithm, sum) in &self.0 {
            if Checksum::of(&content, *algorithm).is_none_or(|real| real.value != *sum) {
                let message =
                    format!("The {} you specified did not match the calculated checksum.", algorithm.name());
                return Err(S3Error::with_message(S3ErrorCode::BadDigest, message));
            }
        }
        Ok(())
    }

    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        self.0.first().map(|(algorithm, _)| *algorithm)
    }
}

/// As replies spread a checksum over their fields.
pub(crate) fn spread(checksum: Option<&Checksum>) -> dto::Checksum {
    let mut spread = dto::Checksum::default();
    if let Some(checksum) = checksum {
        let value = Some(checksum.value.clone());
        match checksum.algorithm {
            Algorithm::Crc32 => spread.checksum_crc32 = value,
            Algorithm::Crc32c => spread.checksum_crc32c = value,
            Algorithm::Crc64Nvme => spread.checksum_crc64nvme = value,
            Algorithm::Sha1 => spread.checksum_sha1 = value,
            Algorithm::Sha256 => spread.checksum_sha256 = value,
        }
        spread.checksum_type = Some(checksum.kind.dto());
    }
    spread
}

/// The checksum fields of a request.
macro_rules! claims {
    ($input:expr) => {
        $crate::services::s3::checksum::Claims::of(s3s::dto::Checksum {
            checksum_crc32: $input.checksum_crc32.clone(),
            checksum_crc32c: $input.checksum_crc32c.clone(),
            checksum_crc64nvme: $input.checksum_crc64nvme.clone(),
            checksum_sha1: $input.checksum_sha1.clone(),
            checksum_sha256: $input.checksum_sha256.clone(),
            checksum_type: None,
        })
    };
}

/// Fills the checksum fields of a reply.
macro_rules! tell_checksum {
    ($output:expr, $checksum:expr) => {{
        let spread = $crate::services::s3::checksum::spread($checksum);
        $output.checksum_crc32 = spread.checksum_crc32;
        $output.checksum_crc32c = spread.checksum_crc32c;
        $output.checksum_crc64nvme = spread.checksum_crc64nvme;
        $output.checksum_sha1 = spread.checksum_sha1;
        $output.checksum_sha256 = spread.checksum_sha256;
        spread.checksum_type
    }};
}

pub(crate) use {claims, tell_checksum};
