//! The storage class of an object.

use s3s::{S3Error, S3ErrorCode, S3Result};

/// A storage class.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Class {
    #[default]
    Standard,
    ReducedRedundancy,
    StandardIa,
    OnezoneIa,
    IntelligentTiering,
    Glacier,
    DeepArchive,
    GlacierIr,
}

impl Class {
    const ALL: [Self; 8] = [
        Self::Standard,
        Self::ReducedRedundancy,
        Self::StandardIa,
        Self::OnezoneIa,
        Self::IntelligentTiering,
        Self::Glacier,
        Self::DeepArchive,
        Self::GlacierIr,
    ];

    /// The class of a request; the standard one if it names none.
    pub(crate) fn of(name: Option<&str>) -> S3Result<Self> {
        let Some(name) = name else { return Ok(Self::Standard) };
        Self::ALL.into_iter().find(|class| class.name() == name).ok_or_else(|| {
            S3Error::with_message(
                S3ErrorCode::InvalidStorageClass,
                "The storage class you specified is not valid",
            )
        })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::ReducedRedundancy => "REDUCED_REDUNDANCY",
            Self::StandardIa => "STANDARD_IA",
            Self::OnezoneIa => "ONEZONE_IA",
            Self::IntelligentTiering => "INTELLIGENT_TIERING",
            Self::Glacier => "GLACIER",
            Self::DeepArchive => "DEEP_ARCHIVE",
            Self::GlacierIr => "GLACIER_IR",
        }
    }

    /// Whether it must be restored before it can be read; nothing here restores it.
    pub(crate) fn is_archived(self) -> bool {
        matches!(self, Self::Glacier | Self::DeepArchive)
    }

    /// As replies to GET and HEAD have it: the standard one goes without saying.
    pub(crate) fn header(self) -> Option<String> {
        (self != Self::Standard).then(|| self.name().to_owned())
    }
}
