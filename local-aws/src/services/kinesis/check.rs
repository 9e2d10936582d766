//! The constraints of the API that several operations share.

use super::{failure::Failure, shard_id::ShardId};

/// A name has 1 to 128 letters, digits, dots, hyphens and underscores.
pub(super) fn name(value: &str, member: &str) -> Result<(), Failure> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if value.is_empty() || value.len() > 128 || !value.bytes().all(known) {
        let constraint = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]{1,128}";
        return Err(Failure::constraint(value, member, constraint));
    }
    Ok(())
}

/// A number within a range, or the default.
pub(super) fn within(
    value: Option<i64>,
    member: &str,
    range: std::ops::RangeInclusive<u32>,
    default: u32,
) -> Result<u32, Failure> {
    let Some(value) = value else { return Ok(default) };
    if let Ok(value) = u32::try_from(value)
        && range.contains(&value)
    {
        return Ok(value);
    }
    let (side, bound) =
        if value < i64::from(*range.start()) { ("greater", range.start()) } else { ("less", range.end()) };
    let constraint = format!("Member must have value {side} than or equal to {bound}");
    Err(Failure::constraint(&value.to_string(), member, &constraint))
}

/// How many items a page is to have: as many as it may, unless fewer are asked for.
pub(super) fn page(value: Option<i64>, member: &str, most: u32) -> Result<usize, Failure> {
    Ok(within(value, member, 1..=10_000, most)?.min(most) as usize)
}

/// A shard id, of a shard that is there or not.
pub(super) fn shard_id(value: &str) -> Result<ShardId, Failure> {
    let constraint = "Member must satisfy regular expression pattern: shardId-[0-9]{12}";
    ShardId::parse(value).ok_or_else(|| Failure::constraint(value, "shardId", constraint))
}
