//! Workers on the embedded AWS, whose bucket tells the queue as S3 does.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter,
    QueueConfiguration, S3KeyFilter,
};
use tidegate_clone::{Announce, CloneResponse, Cloner, Location, RemoteClone};
use tidegate_local_aws::{Distribution, Latency, LocalAws};
use tokio::time::{advance, sleep, timeout};

use super::*;
use crate::teller::Teller;

const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/000000000000/segments";

/// Objects in `src`, an empty `dst`, the journal, and the queue with its dead letters.
struct World {
    aws: LocalAws,
    s3: Client,
    sqs: aws_sdk_sqs::Client,
    stop: watch::Sender<bool>,
}

impl World {
    async fn new(objects: u64, notifies: bool) -> Self {
        let latency = Latency::none()
            .with("s3", ["CopyObject"], Distribution::fixed(Duration::from_millis(200)))
            .with("s3", ["ListObjectsV2"], Distribution::fixed(Duration::from_millis(60)));
        let aws = LocalAws::builder().latency(latency).in_process().start().await.unwrap();
        for bucket in ["src", "dst", "jobs"] {
            aws.s3().create_bucket(bucket);
        }
        let keys = (0..objects).map(|n| (format!("p{:03}/k {n:06}+é", n % 97), n % 7000));
        aws.s3().seed("src", keys).unwrap();
        advance(Duration::from_secs(5)).await;
        let queues = aws.sqs();
        queues.create_queue::<&str, &str>("letters", []).unwrap();
        let redrive = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":3}}"#, queues.arn("letters"));
        queues.create_queue("segments", [("RedrivePolicy", redrive.as_str())]).unwrap();
        let config = aws.sdk_config();
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        let (s3, sqs) = (Client::from_conf(s3), aws_sdk_sqs::Client::new(&config));
        let world = Self { aws, s3, sqs, stop: watch::Sender::new(false) };
        if notifies {
            world.notify().await;
        }
        world
    }

    /// What the template says of the journal's bucket.
    async fn notify(&self) {
        let rule = FilterRule::builder().name(FilterRuleName::Suffix).value("-segment-request").build();
        let filter = S3KeyFilter::builder().filter_rules(rule).build();
        let filter = NotificationConfigurationFilter::builder().key(filter).build();
        let queue = QueueConfiguration::builder().queue_arn(self.aws.sqs().arn("segments"));
        let queue = queue.events(Event::from("s3:ObjectCreated:*")).filter(filter).build().unwrap();
        let configuration = NotificationConfiguration::builder().queue_configurations(queue).build();
        let put = self.s3.put_bucket_notification_configuration().bucket("jobs");
        put.notification_configuration(configuration).send().await.unwrap();
    }

    fn cloner(&self) -> Cloner {
        let (source, destination) =
            (Location::new(self.s3.clone(), "src"), Location::new(self.s3.clone(), "dst"));
        Cloner::new(source, destination).copies_in_flight(20)
    }

    fn remote(&self) -> RemoteClone {
        RemoteClone::new(self.cloner(), journal(&self.s3, &place()))
    }

    /// A process with one segment at a time, and how much it has copied.
    fn process(
        &self,
        keep: u64,
        slice: Duration,
        announces: bool,
        stop: watch::Receiver<bool>,
    ) -> (Running, Arc<AtomicU64>) {
        let mut segments = SegmentWorker::new(self.cloner(), journal(&self.s3, &place())).keep(keep);
        if announces {
            segments = segments.announce(Arc::new(self.teller()));
        }
        let worker = Worker::new(segments, self.s3.clone(), place(), slice, stop);
        let consumer = Consumer::builder(self.sqs.clone(), QUEUE).max_unprocessed(1).build().unwrap();
        let copied = Arc::<AtomicU64>::default();
        let sum = Arc::clone(&copied);
        let tell = move |response: &SegmentResponse| {
            sum.fetch_add(response.counts.copied, Ordering::Relaxed);
        };
        (worker.consume(&consumer, 1, Arc::new(tell)), copied)
    }

    fn teller(&self) -> Teller {
        Teller { client: self.sqs.clone(), queue_url: QUEUE.to_owned() }
    }

    fn copies(&self) -> u64 {
        self.aws.counters().action("s3", "CopyObject").accepted
    }

    /// The clone is whole, and nothing is left of it in the queues.
    async fn assert_whole(&self, response: &CloneResponse, objects: u64) {
        assert_eq!((response.missing.len(), response.counts.copied), (0, objects));
        let side = |bucket: &str| -> Vec<_> {
            let objects = self.aws.s3().objects(bucket).unwrap();
            objects.into_iter().map(|object| (object.key, object.size, object.digest)).collect()
        };
        assert!(side("src") == side("dst") && side("dst").len() as u64 == objects);
        // The last deletes are sent.
        sleep(Duration::from_secs(1)).await;
        for queue in ["segments", "letters"] {
            assert_eq!(self.aws.sqs().messages(queue).unwrap(), [], "{queue}");
        }
    }
}

fn place() -> Place {
    "s3://jobs/j".parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn two_processes_share_a_clone() {
    let world = World::new(6_000, true).await;
    let slice = Duration::from_hours(1);
    let (mut one, first) = world.process(1_000, slice, false, world.stop.subscribe());
    let (mut two, second) = world.process(1_000, slice, false, world.stop.subscribe());
    let response = world.remote().run(|_| {}).await.unwrap();
    world.assert_whole(&response, 6_000).await;
    assert_eq!(world.copies(), 6_000);
    let shares = [first, second].map(|copied| copied.load(Ordering::Relaxed));
    assert!(shares.iter().sum::<u64>() == 6_000 && shares.iter().all(|share| *share > 1_000), "{shares:?}");
    for running in [&mut one, &mut two] {
        assert!(running.shutdown(Duration::from_secs(30)).await.unwrap().is_whole());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_slice_is_told_again() {
    // By the bucket, or by the processes.
    for announces in [false, true] {
        let world = World::new(4_000, !announces).await;
        let slice = Duration::from_secs(10);
        let _one = world.process(1_000_000, slice, announces, world.stop.subscribe());
        let mut remote = world.remote();
        if announces {
            remote = remote.announce(Arc::new(world.teller()));
        }
        let response = remote.run(|_| {}).await.unwrap();
        world.assert_whole(&response, 4_000).await;
        // 20 copies of 200 ms are 100 in a second.
        assert!(response.segments.count >= 4, "{}", response.segments.count);
        assert_eq!(world.copies(), 4_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_stopped_leaves_the_rest_to_others() {
    let world = World::new(4_000, true).await;
    let slice = Duration::from_hours(1);
    let (mut one, copied) = world.process(1_000_000, slice, false, world.stop.subscribe());
    let other = async {
        sleep(Duration::from_secs(12)).await;
        world.stop.send_replace(true);
        let begun = Instant::now();
        let report = one.shutdown(Duration::from_secs(25)).await.unwrap();
        // S3's test event, and the segment: what is left of it is another one.
        assert!(report.is_whole() && report.totals.deleted == 2, "{report:?}");
        assert!(begun.elapsed() < Duration::from_secs(22), "{:?}", begun.elapsed());
        world.process(1_000_000, slice, false, watch::channel(false).1)
    };
    let remote = world.remote();
    let (response, two) = tokio::join!(remote.run(|_| {}), other);
    world.assert_whole(&response.unwrap(), 4_000).await;
    assert_eq!(world.copies(), 4_000, "nothing is copied twice");
    for copied in [copied, two.1] {
        assert!(copied.load(Ordering::Relaxed) > 500);
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_killed_is_made_up_for() {
    let world = World::new(4_000, true).await;
    let slice = Duration::from_hours(1);
    let one = world.process(1_000_000, slice, false, world.stop.subscribe());
    let other = async {
        sleep(Duration::from_secs(25)).await;
        drop(one);
        world.process(1_000_000, slice, false, world.stop.subscribe())
    };
    let remote = world.remote();
    let (response, _two) = tokio::join!(remote.run(|_| {}), other);
    let response = response.unwrap();
    assert_eq!(response.missing, []);
    assert_eq!(world.aws.s3().len("dst").unwrap(), 4_000);
    // What was in flight, no more: what was copied since the last save is found to be there.
    let copies = world.copies();
    assert!(copies <= 4_020, "{copies} copies");
}

#[tokio::test(start_paused = true)]
async fn poison_goes_to_the_dead_letters() {
    let world = World::new(10, true).await;
    let request =
        |to: &str| format!(r#"{{"id":"7","source":{{"name":"src"}},"destination":{{"name":"{to}"}}}}"#);
    let test = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"jobs"}"#;
    let bodies = ["poison".to_owned(), request("nowhere"), test.to_owned(), request("dst")];
    world.aws.sqs().send("segments", bodies.clone()).unwrap();
    let _one = world.process(1_000, Duration::from_hours(1), false, world.stop.subscribe());
    let letters = async {
        while world.aws.sqs().messages("letters").unwrap().len() < 2
            || world.aws.s3().len("dst").unwrap() < 10
        {
            sleep(Duration::from_secs(1)).await;
        }
    };
    timeout(Duration::from_mins(10), letters).await.unwrap();
    sleep(Duration::from_mins(1)).await;
    let letters = world.aws.sqs().messages("letters").unwrap();
    let mut dead: Vec<_> = letters.iter().map(|message| message.body.as_str()).collect();
    dead.sort_unstable();
    assert_eq!(dead, ["poison", request("nowhere").as_str()]);
    assert_eq!(world.aws.sqs().messages("segments").unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_gone_is_nobodys() {
    let world = World::new(10, false).await;
    let body = "s3://jobs/j/1-src-dst/~-segment-request";
    world.aws.sqs().send("segments", [body]).unwrap();
    let _one = world.process(1_000, Duration::from_hours(1), false, world.stop.subscribe());
    sleep(Duration::from_secs(5)).await;
    assert_eq!(world.aws.sqs().messages("segments").unwrap(), []);
    assert_eq!(world.copies(), 0);
    // And one that is there is done.
    let request = r#"{"id":"1","source":{"name":"src"},"destination":{"name":"dst"}}"#;
    world.aws.s3().put("jobs", "j/1-src-dst/~-segment-request", request).unwrap();
    world.teller().announce(&serde_json::from_str(request).unwrap()).await.unwrap();
    world.aws.sqs().send("segments", [body]).unwrap();
    sleep(Duration::from_mins(1)).await;
    assert_eq!((world.copies(), world.aws.s3().len("dst").unwrap()), (10, 10));
}
