//! Ids of EC2: what cannot be the name of anything else.

/// Prefixes of ids of EC2.
const PREFIXES: [&str; 8] = ["i", "key", "lt", "sg", "subnet", "vol", "vpc", "eni"];

/// Whether a text is an id as EC2 makes them: a prefix, and 8 or 17 hexadecimal digits.
pub(super) fn is_ec2_id(text: &str) -> bool {
    let is_hex = |digits: &str| {
        matches!(digits.len(), 8 | 17)
            && digits.bytes().all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it))
    };
    text.split_once('-').is_some_and(|(prefix, digits)| PREFIXES.contains(&prefix) && is_hex(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_no_name() {
        assert!(is_ec2_id("i-0a1b2c3d4e5f60001"));
        assert!(is_ec2_id("vol-0a1b2c3d"));
        for name in ["i-web", "web-0a1b2c3d", "i-0a1b2c3d4", "0a1b2c3d", "i-0A1B2C3D", "e-0123456789"] {
            assert!(!is_ec2_id(name), "{name}");
        }
    }
}
