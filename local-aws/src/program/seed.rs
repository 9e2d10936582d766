//! The seed file: what the program starts with.

#[cfg(feature = "s3")]
#[path = "seed/bucket.rs"]
mod bucket;
#[cfg(feature = "sqs")]
#[path = "seed/queue.rs"]
mod queue;
#[cfg(feature = "kinesis")]
#[path = "seed/stream.rs"]
mod stream;

use std::{fs, path::Path};

use serde::Deserialize;
use tidegate_local_aws::LocalAws;
#[cfg(feature = "resources")]
use tidegate_local_aws::resources::{Resources, Sizes};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    #[cfg(feature = "s3")]
    #[serde(default)]
    buckets: Vec<bucket::Bucket>,
    #[cfg(feature = "resources")]
    #[serde(default)]
    resources: Resources,
    /// Adds the account of the story.
    #[cfg(feature = "resources")]
    #[serde(default)]
    story: bool,
    /// Adds an account of this size.
    #[cfg(feature = "resources")]
    #[serde(default)]
    generate: Option<Sizes>,
    #[cfg(feature = "kinesis")]
    #[serde(default)]
    streams: Vec<stream::Stream>,
    #[cfg(feature = "sqs")]
    #[serde(default)]
    queues: Vec<queue::Queue>,
}

impl Seed {
    /// Reads and checks a file; an error is one line that names it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let json = fs::read_to_string(path).map_err(|error| format!("cannot read {name}: {error}"))?;
        let seed: Self = serde_json::from_str(&json).map_err(|error| format!("{name}: {error}"))?;
        seed.check().map_err(|problem| format!("{name}: {problem}"))?;
        Ok(seed)
    }

    fn check(&self) -> Result<(), String> {
        #[cfg(feature = "s3")]
        self.buckets.iter().try_for_each(bucket::Bucket::check)?;
        #[cfg(feature = "resources")]
        self.resources.check()?;
        #[cfg(feature = "kinesis")]
        self.streams.iter().try_for_each(stream::Stream::check)?;
        #[cfg(feature = "sqs")]
        self.queues.iter().try_for_each(queue::Queue::check)?;
        Ok(())
    }

    /// Creates what it names.
    pub fn plant(self, aws: &LocalAws) -> Result<(), String> {
        #[cfg(feature = "s3")]
        self.buckets.into_iter().try_for_each(|bucket| bucket.plant(&aws.s3()))?;
        #[cfg(feature = "resources")]
        {
            let story = self.story.then(Resources::story);
            let generated = self.generate.map(Resources::generate);
            for resources in [Some(self.resources), story, generated].into_iter().flatten() {
                aws.resources().add(resources);
            }
            // What it lists may be in the story too.
            aws.resources().all().check()?;
        }
        #[cfg(feature = "kinesis")]
        self.streams.into_iter().try_for_each(|stream| stream.plant(&aws.kinesis()))?;
        #[cfg(feature = "sqs")]
        self.queues.into_iter().try_for_each(|queue| queue.plant(&aws.sqs()))?;
        Ok(())
    }
}
