//! The paths of REST protocols.

use percent_encoding::percent_decode_str;

/// What a path holds where the template has `{}`; `None` if it is not such a path. Both may end in a slash.
pub(crate) fn captures(template: &str, path: &str) -> Option<Vec<String>> {
    let mut held = Vec::new();
    let (template, path) = (template.trim_end_matches('/'), path.trim_end_matches('/'));
    let mut parts = path.split('/');
    for expected in template.split('/') {
        let part = parts.next()?;
        if expected == "{}" {
            held.push(percent_decode_str(part).decode_utf8_lossy().into_owned());
        } else if expected != part {
            return None;
        }
    }
    parts.next().is_none().then_some(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_paths_hold() {
        let template = "/v/zone/{}/sets";
        assert_eq!(captures(template, "/v/zone/a%2Fb/sets"), Some(vec!["a/b".to_owned()]));
        assert_eq!(captures("/v/zone/", "/v/zone"), Some(Vec::new()));
        assert_eq!(captures("/v/zone", "/v/zone/"), Some(Vec::new()));
        for path in ["/v/zone/a", "/v/zone/a/sets/b", "/v/zone/a/other", "/", ""] {
            assert_eq!(captures(template, path), None, "{path}");
        }
    }
}
