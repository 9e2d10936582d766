//! What the objects of the embedded S3 cost in memory.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod s3;

use s3::world;

/// The most bytes of an object, key and all.
const MOST: usize = 400;

/// The resident bytes of this process.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1_024
}

#[tokio::test]
async fn a_synthetic_object_and_its_copy_are_small() {
    let world = world().await;
    let key = |number: usize| format!("prefix-{:03}/object-{number:07}", number % 195);
    let (seeded, copied) = (200_000, 10_000);
    let before = resident();
    world.handle.seed("src", (0..seeded).map(|number| (key(number), 100_000))).unwrap();
    let each = (resident() - before) / seeded;
    assert!(each <= MOST, "{each} bytes");

    let copy = async |from, to| {
        for number in from..to {
            let copy = world.s3.copy_object().copy_source(format!("src/{}", key(number)));
            copy.bucket("dst").key(key(number)).send().await.unwrap();
        }
    };
    // What the client and the server need to start with.
    copy(0, 1_000).await;
    let before = resident();
    copy(1_000, 1_000 + copied).await;
    let each = (resident() - before) / copied;
    assert!(each <= MOST, "{each} bytes");
    let totals = world.handle.bucket("dst").unwrap();
    assert_eq!((totals.objects, totals.bytes), (11_000, 1_100_000_000));
    let [source, copy] = ["src", "dst"].map(|bucket| world.handle.object(bucket, &key(7)).unwrap().unwrap());
    assert_eq!((source.etag, source.digest), (copy.etag, copy.digest));
}
