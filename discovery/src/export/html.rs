//! A page to look at.

use std::io::{self, Write};

use crate::Graph;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

impl Graph {
    /// Writes it as one self-contained page: to search, to zoom, to filter by type, with details on a click. It loads
    /// nothing from anywhere.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn to_html(&self, mut writer: impl Write, title: &str) -> io::Result<()> {
        let mut json = Vec::new();
        self.to_json(&mut json)?;
        // Inside of a script nothing but its end tag ends it, and a comment may begin.
        let data = String::from_utf8_lossy(&json).replace('<', "\\u003c");
        let mut rest = PAGE;
        // In the order of the page: what is put in is never looked into again.
        for (mark, text) in
            [("{title}", &*escaped(title)), ("{style}", STYLE), ("{data}", &*data), ("{script}", SCRIPT)]
        {
            let Some((before, after)) = rest.split_once(mark) else { continue };
            writer.write_all(before.as_bytes())?;
            writer.write_all(text.as_bytes())?;
            rest = after;
        }
        writer.write_all(rest.as_bytes())
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
