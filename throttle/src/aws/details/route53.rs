//! Route 53: what a change costs.
//!
//! Source: <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html>

use super::{CallHint, cost};
use crate::aws::document::head;

/// A thousand changes, which is as many as Route 53 takes, are shorter.
const MOST: usize = 1 << 20;

/// One for each record set that is created or deleted, two for each upsert, and for each hosted zone and network.
pub(super) fn read(operation: &str, body: &[u8]) -> CallHint {
    match operation {
        "ChangeResourceRecordSets" => {}
        "CreateHostedZone"
        | "DeleteHostedZone"
        | "AssociateVPCWithHostedZone"
        | "DisassociateVPCFromHostedZone" => return cost(2),
        _ => return CallHint::default(),
    }
    let actions = head(body, MOST).split("<Action>").skip(1);
    cost(actions.map(|action| if action.starts_with("UPSERT") { 2 } else { 1 }).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upsert_and_a_zone_count_twice() {
        let body = b"<ChangeResourceRecordSetsRequest><ChangeBatch><Changes>\
            <Change><Action>CREATE</Action></Change><Change><Action>UPSERT</Action></Change>\
            <Change><Action>DELETE</Action></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>";
        assert_eq!(read("ChangeResourceRecordSets", body).tokens(), 4);
        assert_eq!(read("ChangeResourceRecordSets", b"").tokens(), 1);
        assert_eq!(read("CreateHostedZone", b"").tokens(), 2);
        assert_eq!(read("ListHostedZones", b"<Action>UPSERT").tokens(), 1);
    }
}
