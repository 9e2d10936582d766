//! Who receives from a queue: what each client has in flight, and what its open receives may still bring.

use std::{collections::HashMap, sync::Arc};

/// A client of the queue, by its place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client(usize);

/// The clients that have received from a queue, by their access keys.
#[derive(Debug, Default)]
pub(super) struct Clients {
    places: HashMap<Arc<str>, Client>,
    all: Vec<(Arc<str>, Holding)>,
}

/// What one client has of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Holding {
    pub(super) in_flight: usize,
    /// The most that its open receives may bring, together.
    pub(super) requested: usize,
    pub(super) max_in_flight: usize,
    /// The most that `in_flight` and `requested` came to at once.
    pub(super) max_reserved: usize,
}

impl Clients {
    /// The client with this access key.
    pub(super) fn of(&mut self, key: &Arc<str>) -> Client {
        let next = Client(self.all.len());
        let client = *self.places.entry(Arc::clone(key)).or_insert(next);
        if client == next {
            self.all.push((Arc::clone(key), Holding::default()));
        }
        client
    }

    /// A receive for so many messages is under way.
    pub(super) fn open(&mut self, client: Client, most: usize) {
        self.change(client, |holding| {
            holding.requested += most;
            holding.note();
        });
    }

    /// It is over: what it brought is in flight by now.
    pub(super) fn close(&mut self, client: Client, most: usize) {
        self.change(client, |holding| {
            holding.requested = holding.requested.saturating_sub(most);
            holding.note();
        });
    }

    /// A message is in flight. The receive that brings it is still open, and is noted as it closes.
    pub(super) fn hold(&mut self, client: Client) {
        self.change(client, |holding| {
            holding.in_flight += 1;
            holding.max_in_flight = holding.max_in_flight.max(holding.in_flight);
        });
    }

    /// A message is in flight no longer.
    pub(super) fn release(&mut self, client: Client) {
        self.change(client, |holding| holding.in_flight = holding.in_flight.saturating_sub(1));
    }

    /// Nothing is in flight any longer.
    pub(super) fn release_all(&mut self) {
        self.all.iter_mut().for_each(|(_, holding)| holding.in_flight = 0);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Holding)> {
        self.all.iter().map(|(key, holding)| (&**key, *holding))
    }

    fn change(&mut self, client: Client, change: impl FnOnce(&mut Holding)) {
        if let Some((_, holding)) = self.all.get_mut(client.0) {
            change(holding);
        }
    }
}

impl Holding {
    fn note(&mut self) {
        self.max_reserved = self.max_reserved.max(self.in_flight + self.requested);
    }
}
