//! [`Rows`]: all that stands in a lease table.

use std::sync::atomic::Ordering::Relaxed;

use aws_sdk_dynamodb::operation::scan::{ScanError, ScanOutput};
use tracing::{debug, warn};

use super::{
    DynamoDb,
    item::{self, Item, Row},
    request::{Direction, Failure},
};
use crate::lease::{Lease, Unavailable};

/// All that stands in a lease table.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) leases: Vec<Lease>,
    /// Rows of other kinds that a KCL 3.5 keeps there.
    pub(super) entities: Vec<Item>,
    /// Whether some lease says that it is one.
    says_entity: bool,
    pub(super) multi_stream: bool,
}

impl DynamoDb {
    /// All rows, as they were lately.
    pub(super) async fn rows(&self) -> Result<Rows, Unavailable> {
        let mut rows = Rows::default();
        let mut start = None;
        loop {
            let page = self.page(&self.table, start).await.map_err(Failure::into_unavailable)?;
            page.items.into_iter().flatten().for_each(|item| rows.add(item));
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                break;
            }
        }
        // A table without leases is that of a KCL 3.5 if there is anything at all.
        let says_entity = rows.says_entity || rows.leases.is_empty() && !rows.entities.is_empty();
        self.learnt.says_entity.store(says_entity, Relaxed);
        Ok(rows)
    }

    /// One page of a table.
    pub(super) async fn page(
        &self,
        table: &str,
        start: Option<Item>,
    ) -> Result<ScanOutput, Failure<ScanError>> {
        let mut request = self.requests.begin("Scan", table, Direction::Read);
        let operation = self.client().scan().table_name(table).set_exclusive_start_key(start);
        request.send(|| operation.clone().send()).await
    }
}

impl Rows {
    pub(super) fn add(&mut self, item: Item) {
        match item::read(&item) {
            Row::Lease(read) => {
                self.says_entity |= read.says_entity;
                self.leases.push(read.lease);
            }
            Row::Entity(kind) => {
                debug!(kind, "passes over a row that is no lease");
                self.entities.push(item);
            }
            Row::MultiStream => self.multi_stream = true,
            Row::Malformed(why) => warn!(why, "passes over a row that no KCL could read"),
        }
    }
}
