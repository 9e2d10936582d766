//! [`Document`]: an XML document under way.

use std::fmt::{Display, Write as _};

/// An XML document under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document(String);

impl Document {
    /// An element with others in it.
    pub(crate) fn node(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        let _ = write!(self.0, "<{name}>");
        inside(self);
        let _ = write!(self.0, "</{name}>");
    }

    /// The root element, in a namespace.
    pub(crate) fn root(&mut self, name: &str, namespace: &str, inside: impl FnOnce(&mut Self)) {
        let _ = write!(self.0, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name} xmlns=\"{namespace}\">");
        inside(self);
        let _ = write!(self.0, "</{name}>");
    }

    /// An element with a text in it.
    pub(crate) fn text(&mut self, name: &str, text: impl Display) {
        self.node(name, |xml| xml.escape(&text.to_string()));
    }

    /// An element with a text in it, if there is one.
    pub(crate) fn maybe(&mut self, name: &str, text: Option<impl Display>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// A list, and an element for each of its items, be there none.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        item: &str,
        items: impl IntoIterator<Item = T>,
        mut inside: impl FnMut(&mut Self, T),
    ) {
        self.node(name, |xml| {
            for one in items {
                xml.node(item, |xml| inside(xml, one));
            }
        });
    }

    /// A list of texts, be there none.
    pub(crate) fn texts<T: Display>(&mut self, name: &str, item: &str, items: impl IntoIterator<Item = T>) {
        self.list(name, item, items, |xml, text| xml.escape(&text.to_string()));
    }

    /// Adds what has been written elsewhere.
    pub(crate) fn append(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }

    fn escape(&mut self, text: &str) {
        for char in text.chars() {
            match char {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                // A parser would make a line feed of it.
                '\r' => self.0.push_str("&#xD;"),
                char => self.0.push(char),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written() {
        let mut xml = Document::default();
        xml.root("A", "urn:x", |xml| {
            xml.text("b", "<&>");
            xml.maybe("c", None::<&str>);
            xml.texts("set", "item", ["1", "2"]);
            xml.list("none", "item", Vec::<u8>::new(), |_, _| {});
        });
        assert_eq!(
            xml.into_string(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<A xmlns=\"urn:x\"><b>&lt;&amp;&gt;</b>\
             <set><item>1</item><item>2</item></set><none></none></A>"
        );
    }
}
