//! The tests that every [`DeadLetter`] must pass: the contract of the trait, executable.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! use tidegate_lanes::dead_letter::{Memory, conformance};
//!
//! let letters = Memory::new();
//! conformance::all(&letters, async || letters.letters()).await;
//! # });
//! # Ok::<_, std::io::Error>(())
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
};

use crate::{DeadLetter, Envelope};

/// Runs every test on dead letters that are empty, and reads them with `read`, which may see copies.
///
/// # Panics
///
/// If an implementation breaks the contract of [`DeadLetter`].
///
/// # Cancel safety
///
/// Dropping it ends the test in progress.
pub async fn all<D, R, F>(letters: D, read: R)
where
    D: DeadLetter,
    R: Fn() -> F + Sync,
    F: Future<Output = Vec<Envelope>> + Send,
{
    let mut expected = Vec::new();
    keeps_letters_whole(&letters, &mut expected).await;
    keeps_letters_apart(&letters, &mut expected).await;
    check(&read().await, &expected);
    is_idempotent(&letters, &expected).await;
    loses_nothing_to_cancellation(&letters, &mut expected).await;
    works_behind_pointers(&letters, &mut expected).await;
    check(&read().await, &expected);
}

/// Whatever is in a letter comes back.
async fn keeps_letters_whole(letters: &impl DeadLetter, expected: &mut Vec<Envelope>) {
    let mut full = Envelope::new(
        "orders/shardId-000000000001",
        "49590338271490256608559692538361571095921575989136588898:7",
        "body",
    )
    .key("customer \"7\"\\\n\u{1F980}")
    .attribute("ApproximateArrivalTimestamp", "1700000000.123")
    .attribute("\u{e4}/%2F", "");
    full.attempts = u32::MAX;
    full.error = String::from("line one\nline \"two\"\u{0}");
    (full.first_seen_ms, full.failed_at_ms) = (1_700_000_000_000, 1_700_000_060_001);
    let bytes = Envelope::new("bytes", "0", (0..=u8::MAX).collect::<Vec<_>>()).key("b");
    let empty = Envelope::new("empty", "0", "").key("e");
    let keyless = Envelope::new("keyless", "0", "x");
    let large = Envelope::new("large", "0", vec![0xA5; 500_000]).key("l");
    for letter in [full, bytes, empty, keyless, large] {
        put(letters, &letter).await;
        expected.push(letter);
    }
}

/// Letters whose sources or positions differ do not replace each other.
async fn keeps_letters_apart(letters: &impl DeadLetter, expected: &mut Vec<Envelope>) {
    for (source, position) in
        [("a", "1"), ("a", "2"), ("b", "1"), ("a/b", "1"), ("a", "b/1"), ("a", "b%2F1"), ("A", "1")]
    {
        let letter = Envelope::new(source, position, format!("{source} and {position}")).key("apart");
        put(letters, &letter).await;
        expected.push(letter);
    }
}

/// Whoever crashed writes his letter again, be it with other words.
async fn is_idempotent(letters: &impl DeadLetter, expected: &[Envelope]) {
    for letter in expected {
        put(letters, letter).await;
        let mut again = letter.clone();
        again.error = String::from("the same again");
        put(letters, &again).await;
    }
}

/// A letter whose write was given up may be there or not; the next write sees to it.
async fn loses_nothing_to_cancellation(letters: &impl DeadLetter, expected: &mut Vec<Envelope>) {
    let letter = Envelope::new("given-up", "0", "x").key("g");
    {
        let mut given_up = pin!(letters.put(&letter));
        let _ = given_up.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    put(letters, &letter).await;
    expected.push(letter);
}

/// References, boxes and arcs write as what is behind them does.
async fn works_behind_pointers(letters: &impl DeadLetter, expected: &mut Vec<Envelope>) {
    let boxed: Box<dyn DeadLetter + '_> = Box::new(letters);
    let shared: Arc<dyn DeadLetter + '_> = Arc::new(boxed);
    let letter = Envelope::new("pointed-to", "0", "x").key("p");
    put(&shared, &letter).await;
    expected.push(letter);
}

async fn put(letters: &impl DeadLetter, letter: &Envelope) {
    if let Err(error) = letters.put(letter).await {
        panic!("{} was not written: {error}", letter.id());
    }
}

fn check(found: &[Envelope], expected: &[Envelope]) {
    let identity = |letter: &Envelope| (letter.source.clone(), letter.position.clone());
    let expected: BTreeMap<_, _> = expected.iter().map(|letter| (identity(letter), letter)).collect();
    let mut seen = BTreeSet::new();
    for letter in found {
        let Some(written) = expected.get(&identity(letter)) else { panic!("nobody wrote {}", letter.id()) };
        // Written again, it may have the words of either.
        let as_written = Envelope { error: written.error.clone(), ..letter.clone() };
        assert_eq!(&as_written, *written, "{} is not what was written", letter.id());
        seen.insert(identity(letter));
    }
    let lost: Vec<_> = expected.keys().filter(|it| !seen.contains(*it)).collect();
    assert!(lost.is_empty(), "not durable: {lost:?}");
}
