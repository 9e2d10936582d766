//! For Markdown that draws.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use crate::Graph;

impl Graph {
    /// Writes it as a flowchart of Mermaid: the nodes nearest to what was looked for, as many as `most`. A comment says
    /// how many were left out.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn to_mermaid(&self, mut writer: impl Write, most: usize) -> io::Result<()> {
        let nearest = crate::Walk::over(self, self.roots().chain(self.nodes()));
        let mut shown = vec![false; self.len()];
        nearest.take(most).for_each(|node| shown[node.place()] = true);
        writeln!(writer, "flowchart LR")?;
        let left_out = self.len().saturating_sub(most);
        if left_out > 0 {
            writeln!(writer, "  %% {left_out} more resources are left out")?;
        }
        for node in self.nodes().filter(|node| shown[node.place()]) {
            let (kind, key) = (escaped(node.type_name()), escaped(node.key()));
            writeln!(writer, "  n{}[\"{kind}<br/>{key}\"]", node.place())?;
        }
        for node in self.nodes().filter(|node| shown[node.place()]) {
            for edge in node.refs().filter(|edge| shown[edge.node.place()]) {
                writeln!(
                    writer,
                    "  n{} -->|\"{}\"| n{}",
                    node.place(),
                    escaped(edge.via),
                    edge.node.place()
                )?;
            }
        }
        Ok(())
    }
}

/// A text in which nothing is an instruction: all but letters, digits and a few signs are entities.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        if char.is_alphanumeric() || " -_./:".contains(char) {
            escaped.push(char);
        } else {
            let _ = write!(escaped, "#{};", u32::from(char));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_is_an_instruction() {
        assert_eq!(escaped("web-1.example"), "web-1.example");
        assert_eq!(escaped("a\"]\n;"), "a#34;#93;#10;#59;");
        assert_eq!(escaped("</script>"), "#60;/script#62;");
    }
}
