//! [`Replay`]: makes in the destination what a key's history in the source has more.

use std::sync::atomic::Ordering::Relaxed;

use tokio::time::sleep;

use super::{Copier, Ended, place::Conditions};
use crate::{
    Entry, Key,
    request::{Cause, Fault, backoff::Backoff},
    versions::{History, Version, VersionLister, standing},
};

/// A key's history in the source, and what the destination has of it.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) source: History,
    pub(crate) held: Vec<Version>,
}

/// What came of a history, version by version.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub(crate) copied: u64,
    /// Of those copied.
    pub(crate) markers: u64,
    pub(crate) bytes: u64,
    pub(crate) unchanged: u64,
    pub(crate) vanished: u64,
    pub(crate) changed: u64,
    pub(crate) failed: u64,
    pub(crate) not_attempted: u64,
    pub(crate) faults: Vec<Fault>,
}

impl Replayed {
    fn made(&mut self, versions: &[Version]) {
        self.copied += versions.len() as u64;
        self.markers += versions.iter().filter(|it| matches!(it, Version::Marker)).count() as u64;
        self.bytes += versions.iter().map(Version::size).sum::<u64>();
    }

    /// This one failed, and those after it are not attempted.
    fn end(&mut self, ended: Ended, left: usize) {
        let left = left as u64;
        self.not_attempted += left.saturating_sub(1);
        match ended {
            Ended::Changed(fault) => {
                self.changed += 1;
                self.faults.push(fault);
            }
            Ended::Failed(fault) | Ended::Vanished(fault) => {
                self.failed += 1;
                self.faults.push(fault);
            }
            Ended::Copied(_) | Ended::Unchanged | Ended::NotAttempted => self.not_attempted += 1,
        }
    }
}

/// What is to be done after a version could not be made.
enum After {
    /// It may have been: the destination tells.
    Look,
    /// Without it.
    Without(Fault),
    End(Ended),
}

impl Copier {
    /// Makes what the destination does not have, the oldest first.
    ///
    /// A version that is made twice cannot be taken back, so no request is sent again whose effect is unknown: the
    /// destination is listed, and tells.
    pub(crate) async fn replay(&self, replay: Replay, lister: &VersionLister) -> Replayed {
        let Replay { source: History { key: from, versions: mut source }, held } = replay;
        let mut replayed = Replayed::default();
        let Some(key) = self.destination_key(&from) else {
            let message = format!("at the destination it has more than {} bytes", Key::MAX_BYTES);
            let fault = Fault::new(Cause::Permanent, "KeyTooLong", message);
            replayed.end(Ended::Failed(fault), source.len());
            return replayed;
        };
        let Some(mut done) = standing(&source, &held) else {
            replayed.end(Ended::Failed(differs()), source.len());
            return replayed;
        };
        replayed.unchanged += done as u64;
        let mut current = held.last().cloned();
        let (mut backoff, mut tries) = (Backoff::default(), 0);
        while let Some(version) = source.get(done) {
            if self.dry_run {
                replayed.not_attempted += (source.len() - done) as u64;
                break;
            }
            let fault = match self.make(version, &key, current.as_ref()).await {
                Ok(made) => {
                    replayed.made(&source[done..=done]);
                    current = Some(made);
                    done += 1;
                    (backoff, tries) = (Backoff::default(), 0);
                    continue;
                }
                Err(fault) => fault,
            };
            tries += 1;
            match self.after(version, fault, tries).await {
                After::Look => {
                    tokio::select! {
                        () = sleep(backoff.next()) => {}
                        () = self.requester.stop.wished() => {}
                    }
                    let held = match lister.history(&self.requester, &key).await {
                        Ok(held) => held,
                        Err(fault) => {
                            let ended = if fault.cause == Cause::Stopped {
                                Ended::NotAttempted
                            } else {
                                Ended::Failed(fault)
                            };
                            replayed.end(ended, source.len() - done);
                            break;
                        }
                    };
                    let Some(stands) = standing(&source, &held).filter(|stands| *stands >= done) else {
                        replayed.end(Ended::Failed(differs()), source.len() - done);
                        break;
                    };
                    replayed.made(&source[done..stands]);
                    (done, current) = (stands, held.last().cloned());
                }
                After::Without(fault) => {
                    source.remove(done);
                    replayed.vanished += 1;
                    replayed.faults.push(fault);
                    tries = 0;
                }
                After::End(ended) => {
                    replayed.end(ended, source.len() - done);
                    break;
                }
            }
        }
        replayed
    }

    /// Decides what a fault means.
    async fn after(&self, version: &Version, fault: Fault, tries: u32) -> After {
        let is_last = tries >= self.requester.attempts.get();
        match fault.cause {
            Cause::Stopped => return After::End(Ended::NotAttempted),
            Cause::Permanent => return After::End(Ended::Failed(fault)),
            Cause::Transient if is_last => return After::End(Ended::Failed(fault)),
            Cause::Transient => {
                self.counters().retries.fetch_add(1, Relaxed);
                return After::Look;
            }
            Cause::NotFound | Cause::Precondition => {}
        }
        if let Version::Object(entry) = version {
            match self.source_gone(entry, &fault).await {
                Some(Ended::Vanished(fault)) => return After::Without(fault),
                Some(ended) => return After::End(ended),
                None => {}
            }
        }
        // What has come between is the version itself, of a request that took its time, or something else.
        if fault.cause == Cause::Precondition && !is_last {
            After::Look
        } else {
            After::End(Ended::Failed(fault))
        }
    }

    /// Makes a version after the one that is current.
    async fn make(&self, version: &Version, key: &Key, current: Option<&Version>) -> Result<Version, Fault> {
        let etag = current.and_then(Version::etag);
        let Version::Object(entry) = version else {
            return self.mark(key, etag).await;
        };
        let conditions = match (current, etag) {
            (Some(Version::Object(_)), None) => Conditions::default(),
            (_, etag) => Conditions {
                if_match: etag.map(str::to_owned),
                if_none_match: etag.is_none().then(|| "*".to_owned()),
            },
        };
        let etag = if entry.size > self.threshold {
            Box::pin(self.copy_in_parts(entry, key, &conditions)).await?
        } else {
            self.copy_whole(entry, key, &conditions).await?
        };
        Ok(Version::Object(Entry { etag: Some(etag.into()), ..entry.clone() }))
    }

    /// Puts a delete marker above what is current.
    async fn mark(&self, key: &Key, current: Option<&str>) -> Result<Version, Fault> {
        let request = self
            .destination
            .client
            .delete_object()
            .bucket(&self.destination.bucket)
            .set_expected_bucket_owner(self.destination.owner.clone())
            .set_request_payer(self.destination.payer.clone())
            .key(key.as_str())
            .set_if_match(current.map(str::to_owned));
        let made = self.requester.send(&self.manners.mark, || request.clone().send()).await?;
        if made.delete_marker != Some(true) {
            let message = "the destination keeps no versions any more: what was current is gone";
            return Err(Fault::new(Cause::Permanent, "NotVersioned", message));
        }
        Ok(Version::Marker)
    }
}

fn differs() -> Fault {
    let message = "what the destination has of it is not the beginning of its history in the source";
    Fault::new(Cause::Permanent, "DestinationDiffers", message)
}
