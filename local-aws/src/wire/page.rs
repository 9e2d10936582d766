//! [`Page`]: a part of a list, and where the next one begins.

/// A part of a list, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// The token of the next page; none behind the last.
    pub(crate) next: Option<String>,
}

/// A token that no page of this list has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadToken;

impl<T> Page<T> {
    /// The page of at most `most` items behind `token`. `list` names the list, so that the token of another one
    /// is none of this.
    pub(crate) fn of(
        list: &str,
        items: impl IntoIterator<Item = T>,
        token: Option<&str>,
        most: usize,
    ) -> Result<Self, BadToken> {
        let skipped = match token {
            None => 0,
            Some(token) => read(list, token).ok_or(BadToken)?,
        };
        let mut items = items.into_iter().skip(skipped);
        let page: Vec<T> = items.by_ref().take(most).collect();
        let next = items.next().map(|_| write(list, skipped + page.len()));
        Ok(Self { items: page, next })
    }
}

/// Opaque to clients: how many items came before, and a sum that tells it from other lists' tokens.
fn write(list: &str, skipped: usize) -> String {
    format!("{:08x}{skipped:08x}", sum(list))
}

fn read(list: &str, token: &str) -> Option<usize> {
    let (of, skipped) = token.split_at_checked(8)?;
    let of = u32::from_str_radix(of, 16).ok()?;
    (of == sum(list)).then(|| usize::from_str_radix(skipped, 16).ok())?
}

/// FNV-1a.
fn sum(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_on_one_page() {
        for (items, most) in [(0_u32, 3), (3, 3), (7, 3), (9, 3)] {
            let (mut all, mut token, mut pages) = (Vec::new(), None::<String>, 0);
            loop {
                let page = Page::of("list", 0..items, token.as_deref(), most).unwrap();
                all.extend(page.items);
                pages += 1;
                token = page.next;
                if token.is_none() {
                    break;
                }
            }
            assert_eq!(all, (0..items).collect::<Vec<_>>());
            assert_eq!(pages, items.div_ceil(3).max(1), "no page is empty but the only one");
        }
    }

    #[test]
    fn tokens_of_others_are_refused() {
        let token = Page::of("a", 0..9, None, 3).unwrap().next.unwrap();
        for bad in ["", "x", "0123456789", "zzzzzzzzzzzzzzzz", "é23456789"] {
            assert_eq!(Page::of("a", 0..9, Some(bad), 3), Err(BadToken), "{bad}");
        }
        assert_eq!(Page::of("b", 0..9, Some(&token), 3), Err(BadToken));
    }
}
