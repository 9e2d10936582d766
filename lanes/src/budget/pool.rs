//! [`Pool`]: one budget's account, and the line of those who wait for it.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use super::Amount;
use crate::sync::{Mutex, lock};

/// An account of work in flight, with a line that is served first come, first served.
#[derive(Debug)]
pub(super) struct Pool {
    limit: Amount,
    account: Mutex<Account>,
}

#[derive(Debug)]
struct Account {
    used: Amount,
    /// The number of the next who waits.
    next: u64,
    /// Those who wait; their numbers ascend.
    line: VecDeque<Waiting>,
    /// Those who were served and have not come for it yet.
    served: Vec<(u64, Amount)>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    least: Amount,
    most: Amount,
    waker: Waker,
}

impl Pool {
    pub(super) fn new(limit: Amount) -> Self {
        // A budget of nothing would stop its source for ever.
        let limit = limit.max(Amount::new(1, 1));
        let account = Account { used: Amount::NONE, next: 0, line: VecDeque::new(), served: Vec::new() };
        Self { limit, account: Mutex::new(account) }
    }

    pub(super) fn limit(&self) -> Amount {
        self.limit
    }

    pub(super) fn used(&self) -> Amount {
        lock(&self.account).used
    }

    pub(super) fn waiting(&self) -> usize {
        lock(&self.account).line.len()
    }

    /// Waits in line until `least` is free, and takes as much as is free, up to `most`.
    pub(super) fn take(&self, least: Amount, most: Amount) -> Take<'_> {
        Take { pool: self, least, most, number: None }
    }

    /// Takes what is already there, whether or not there is room for it.
    pub(super) fn overdraw(&self, amount: Amount) {
        let mut account = lock(&self.account);
        account.used = account.used.plus(amount);
    }

    pub(super) fn give_back(&self, amount: Amount) {
        let mut account = lock(&self.account);
        account.used = account.used.minus(amount);
        if !account.line.is_empty() {
            let wakers = account.serve(self.limit);
            drop(account);
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

impl Account {
    /// What may be taken now of `most`, if `least` may.
    fn grant(&self, limit: Amount, least: Amount, most: Amount) -> Option<Amount> {
        // A need that is larger than the whole budget is met when nothing else is in it.
        let fits = self.used.plus(least.min(limit)).is_within(limit);
        fits.then(|| limit.minus(self.used).max(least).min(most))
    }

    /// Serves the head of the line for as long as it can be, and says whom to wake.
    fn serve(&mut self, limit: Amount) -> Vec<Waker> {
        let mut wakers = Vec::new();
        while let Some(head) = self.line.front()
            && let Some(granted) = self.grant(limit, head.least, head.most)
            && let Some(head) = self.line.pop_front()
        {
            self.used = self.used.plus(granted);
            self.served.push((head.number, granted));
            wakers.push(head.waker);
        }
        wakers
    }

    /// What was set aside for this one, if it was served.
    fn collect(&mut self, number: u64) -> Option<Amount> {
        let place = self.served.iter().position(|it| it.0 == number)?;
        Some(self.served.swap_remove(place).1)
    }
}

/// Waits for its turn. Dropping it leaves the line, and gives back what had been set aside.
#[derive(Debug)]
#[must_use = "a future does nothing unless it is polled"]
pub(super) struct Take<'a> {
    pool: &'a Pool,
    least: Amount,
    most: Amount,
    /// The place in line, once there is one.
    number: Option<u64>,
}

impl Future for Take<'_> {
    type Output = Amount;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Amount> {
        let mut account = lock(&self.pool.account);
        let Some(number) = self.number else {
            if account.line.is_empty()
                && let Some(granted) = account.grant(self.pool.limit, self.least, self.most)
            {
                account.used = account.used.plus(granted);
                return Poll::Ready(granted);
            }
            let number = account.next;
            account.next += 1;
            let waiting = Waiting { number, least: self.least, most: self.most, waker: cx.waker().clone() };
            account.line.push_back(waiting);
            drop(account);
            self.number = Some(number);
            return Poll::Pending;
        };
        if let Some(granted) = account.collect(number) {
            drop(account);
            self.number = None;
            return Poll::Ready(granted);
        }
        if let Ok(place) = account.line.binary_search_by_key(&number, |it| it.number) {
            account.line[place].waker.clone_from(cx.waker());
        }
        Poll::Pending
    }
}

impl Drop for Take<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut account = lock(&self.pool.account);
        if let Some(granted) = account.collect(number) {
            account.used = account.used.minus(granted);
        } else if let Ok(place) = account.line.binary_search_by_key(&number, |it| it.number) {
            account.line.remove(place);
        }
        let wakers = account.serve(self.pool.limit);
        drop(account);
        wakers.into_iter().for_each(Waker::wake);
    }
}
