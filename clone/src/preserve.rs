//! [`Preserve`]: what else of an object its copy keeps.

use std::fmt;

/// What else of an object its copy keeps, beside content, metadata, tags and storage class, which no option loses. Default:
/// nothing else, and then S3's and the destination's defaults hold.
///
/// | property | requests for each copy, beside the `CopyObject` | above the multipart threshold |
/// |---|---|---|
/// | content headers, user metadata | none | 1 `HeadObject`, always |
/// | tags | none | 1 `GetObjectTagging`; 1 `PutObjectTagging` if they are longer than 2 KB |
/// | storage class | none: the listing says it | none |
/// | [`kms`](Self::kms), [`object_lock`](Self::object_lock) | 1 `HeadObject`, for either or both | none |
/// | [`acl`](Self::acl) | 1 `GetObjectAcl` | 1 `GetObjectAcl` |
/// | [`annotations`](Self::annotations) | none, but S3 bills each annotation as a PUT | 1 `ListObjectAnnotations` |
///
/// They are put on the copy by the request that makes it: there is no moment, and no failure, in which it is there without
/// them. An object that is not copied, because the destination has it, is not looked at.
///
/// ```
/// use tidegate_clone::Preserve;
///
/// let preserve = Preserve::default().kms().acl();
/// assert_eq!(preserve.to_string(), "acl, kms");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
pub struct Preserve {
    pub(crate) acl: bool,
    pub(crate) kms: bool,
    pub(crate) lock: bool,
    pub(crate) annotations: bool,
}

impl Preserve {
    /// The grants of the access control list, if it grants anything but full control to its owner. They name the accounts
    /// that they name in the source; the copy's owner is that of any other copy. The copy fails if they do not fit into the
    /// headers of a request, or if the destination's owner owns all that is in it, and has no lists.
    pub const fn acl(mut self) -> Self {
        self.acl = true;
        self
    }

    /// The key of KMS, if the object is encrypted with one: S3 must be able to use it in the destination's region. All other
    /// objects are encrypted as the destination does by default.
    pub const fn kms(mut self) -> Self {
        self.kms = true;
        self
    }

    /// The retention that is not over and the legal hold: the copy fails if the destination has no object locks. A copy
    /// that is retained cannot be taken back.
    pub const fn object_lock(mut self) -> Self {
        self.lock = true;
        self
    }

    /// The annotations. An object above the multipart threshold that has some is not copied, but reported as failed: parts
    /// carry none.
    pub const fn annotations(mut self) -> Self {
        self.annotations = true;
        self
    }

    /// Whether a request has to be sent before the copy.
    pub(crate) const fn asks(self) -> bool {
        self.acl || self.looks()
    }

    /// Whether it takes a look at the object.
    pub(crate) const fn looks(self) -> bool {
        self.kms || self.lock
    }
}

impl fmt::Display for Preserve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all =
            [(self.acl, "acl"), (self.kms, "kms"), (self.lock, "lock"), (self.annotations, "annotations")];
        let names: Vec<_> = all.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect();
        f.write_str(&names.join(", "))
    }
}
