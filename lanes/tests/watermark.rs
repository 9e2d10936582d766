//! The watermark is what a naive model says, whatever the order in which positions finish.

#![cfg(not(tidegate_loom))]

use proptest::{collection::vec, prelude::*};
use tidegate_lanes::{Ticket, Watermark};

proptest! {
    #[test]
    fn it_is_the_last_below_which_all_is_finished(steps in vec((any::<bool>(), any::<prop::sample::Index>()), 1..300)) {
        let mut watermark = Watermark::new();
        let mut open: Vec<(usize, Ticket)> = Vec::new();
        let mut finished: Vec<bool> = Vec::new();
        let mut advanced = 0;
        for (arrives, which) in steps {
            if arrives || open.is_empty() {
                open.push((finished.len(), watermark.arrive(finished.len() * 7)));
                finished.push(false);
            } else {
                let (position, ticket) = open.swap_remove(which.index(open.len()));
                finished[position] = true;
                let before = advanced;
                advanced = finished.iter().take_while(|it| **it).count();
                prop_assert_eq!(watermark.finish(ticket), advanced > before);
            }
            prop_assert_eq!(watermark.mark(), advanced.checked_sub(1).map(|last| last * 7));
            prop_assert_eq!(watermark.pending(), open.len());
            let oldest = (advanced < finished.len()).then_some(advanced * 7);
            prop_assert_eq!(watermark.oldest_pending(), oldest);
        }
    }
}

/// A ticket of another watermark moves nothing that is not there.
#[test]
fn tickets_of_others_are_harmless() {
    let mut other = Watermark::new();
    let strangers: Vec<_> = (0..3).map(|position| other.arrive(position)).collect();
    let mut watermark = Watermark::<i32>::default();
    for stranger in strangers {
        assert!(!watermark.finish(stranger));
    }
    assert_eq!((watermark.mark(), watermark.pending()), (None, 0));
}
