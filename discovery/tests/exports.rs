//! What is exported, read back by parsers: whatever the resources are called.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "what a test made itself")]

use std::iter::Peekable;

use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_discovery::{Graph, Node, OutcomeKind, Scope};

/// What does harm somewhere.
const HOSTILE: [&str; 24] = [
    "",
    " ",
    "\"",
    "'",
    "\\",
    "\\\"",
    "\\'",
    "`",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "]]>",
    "<script>alert(1)</script>",
    "&amp;",
    "&#60;",
    "#quot;",
    "\"];\n}",
    "'}) DETACH DELETE r //",
    "\\u0027",
    "{{name}}",
    "%%{init}%%",
    "end",
    "\u{2028}\u{fffe}\u{202e}é中🦀",
];

fn name() -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(&HOSTILE[..]).prop_map(str::to_owned);
    let hostile =
        prop::collection::vec(prop_oneof![hostile, "[a-z0-9-]{1,6}"], 0..4).prop_map(|all| all.concat());
    prop_oneof![3 => hostile, 1 => any::<String>()]
}

fn model() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no others", |it| it.is_finite()).prop_map(Value::from),
        name().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn outcome() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &["found", "found", "found", "absent", "denied", "unsupported", "failed", "cancelled"][..],
    )
}

/// A saved graph with any names, outcomes and models.
fn documents() -> impl Strategy<Value = Value> {
    let node = (
        prop_oneof![Just("a:b".to_owned()), name()],
        name(),
        (
            prop_oneof![Just("1".to_owned()), name()],
            prop::option::of(prop_oneof![Just("here".to_owned()), name()]),
        ),
        outcome(),
        model(),
        any::<(bool, bool)>(),
    );
    let nodes = prop::collection::vec(node, 0..12).prop_map(|mut nodes| {
        nodes.sort_by(|a, b| (&a.0, &a.1, &a.2).cmp(&(&b.0, &b.1, &b.2)));
        // An empty region is none.
        nodes.dedup_by(|a, b| (&a.0, &a.1) == (&b.0, &b.1));
        nodes
    });
    let coverage = any::<(bool, bool)>();
    nodes.prop_flat_map(move |nodes| {
        let count = nodes.len().max(1);
        let edges = prop::collection::vec((0..count, 0..count, name()), 0..if nodes.is_empty() { 1 } else { 20 });
        (Just(nodes), edges, coverage).prop_map(|(nodes, edges, (complete, asked))| {
            let nodes: Vec<Value> = nodes
                .into_iter()
                .enumerate()
                .map(|(id, (kind, key, (account, region), outcome, model, (root, stale)))| {
                    let model = if outcome == "found" { model } else { Value::Null };
                    json!({ "id": id, "type": kind, "key": key, "account": account, "region": region, "root": root,
                        "outcome": outcome, "model": model, "stale": stale && outcome == "found" })
                })
                .collect();
            let edges = edges.into_iter().filter(|_| !nodes.is_empty());
            let edges: Vec<Value> =
                edges.map(|(from, to, via)| json!({ "from": from, "to": to, "via": via })).collect();
            json!({ "version": 1, "complete": false, "outcomes": {}, "calls": {}, "throttled": {}, "problems": [],
                "coverage": [{ "type": "a:b", "account": "1", "region": "here", "complete": complete, "asked": asked }],
                "left_out": 0, "conflicts": [], "nodes": nodes, "edges": edges })
        })
    })
}

fn load(document: &Value) -> Graph {
    Graph::from_json(&*serde_json::to_vec(document).unwrap()).unwrap()
}

fn save(graph: &Graph) -> Vec<u8> {
    let mut json = Vec::new();
    graph.to_json(&mut json).unwrap();
    json
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// From, to and field of each reference.
fn edges(graph: &Graph) -> Vec<(usize, usize, String)> {
    let refs = |node: Node<'_>| {
        let from = node.place();
        node.refs().map(|edge| (from, edge.node.place(), edge.via.to_owned())).collect::<Vec<_>>()
    };
    graph.nodes().flat_map(refs).collect()
}

fn place(scope: &Scope) -> String {
    scope.to_string()
}

/// A token of the DOT language. Source: <https://graphviz.org/doc/info/lang.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Dot {
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

fn dot(text: &str) -> Vec<Dot> {
    let mut chars = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(char) = chars.next() {
        tokens.push(match char {
            char if char.is_whitespace() => continue,
            '"' => Dot::Quoted(label(&mut chars)),
            '-' => {
                assert_eq!(chars.next(), Some('>'), "only directed edges");
                Dot::Sign("->")
            }
            '{' => Dot::Sign("{"),
            '}' => Dot::Sign("}"),
            '[' => Dot::Sign("["),
            ']' => Dot::Sign("]"),
            '=' => Dot::Sign("="),
            ',' => Dot::Sign(","),
            ';' => Dot::Sign(";"),
            char => {
                let mut word = String::from(char);
                while let Some(next) = chars.next_if(|next| next.is_ascii_alphanumeric() || *next == '_') {
                    word.push(next);
                }
                assert!(word.chars().all(|it| it.is_ascii_alphanumeric() || it == '_'), "no word: {word:?}");
                Dot::Word(word)
            }
        });
    }
    tokens
}

/// What a quoted label shows.
fn label(chars: &mut Peekable<impl Iterator<Item = char>>) -> String {
    let mut label = String::new();
    loop {
        match chars.next().expect("the text ends") {
            '"' => return label,
            '\\' => match chars.next() {
                Some('n') => label.push('\n'),
                Some(char @ ('"' | '\\')) => label.push(char),
                other => panic!("an escape that means something else: {other:?}"),
            },
            char => {
                assert!(!char.is_control(), "a raw {char:?}");
                label.push(char);
            }
        }
    }
}

/// The attributes of a statement.
fn attributes(tokens: &[Dot]) -> Vec<(String, String)> {
    let (first, last) = (tokens.first(), tokens.last());
    assert_eq!((first, last), (Some(&Dot::Sign("[")), Some(&Dot::Sign("]"))), "{tokens:?}");
    let pairs = tokens[1..tokens.len() - 1].split(|token| *token == Dot::Sign(","));
    pairs
        .map(|pair| match pair {
            [Dot::Word(name), Dot::Sign("="), Dot::Word(value) | Dot::Quoted(value)] => {
                (name.clone(), value.clone())
            }
            other => panic!("no attribute: {other:?}"),
        })
        .collect()
}

/// A string literal of Cypher, and what follows. Source: the Cypher manual, "String literal escape sequences".
fn cypher(text: &str) -> (String, &str) {
    let mut chars = text.strip_prefix('\'').expect("a literal").char_indices();
    let mut literal = String::new();
    loop {
        match chars.next().expect("the literal ends").1 {
            '\'' => return (literal, &text[1..][chars.offset()..]),
            '\\' => match chars.next().map(|(_, char)| char) {
                Some('n') => literal.push('\n'),
                Some('r') => literal.push('\r'),
                Some('t') => literal.push('\t'),
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).map(|(_, char)| char).collect();
                    literal.push(char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap());
                }
                Some(char @ ('\'' | '\\')) => literal.push(char),
                other => panic!("no escape: {other:?}"),
            },
            char => literal.push(char),
        }
    }
}

/// The literals of a statement, and what is between them.
fn statement(mut line: &str) -> (String, Vec<String>) {
    let (mut frame, mut literals) = (String::new(), Vec::new());
    while let Some((before, _)) = line.split_once('\'') {
        frame.push_str(before);
        frame.push('?');
        let (literal, rest) = cypher(&line[before.len()..]);
        literals.push(literal);
        line = rest;
    }
    frame.push_str(line);
    (frame, literals)
}

/// What a label of Mermaid shows: entities are `#NUMBER;`.
fn mermaid(label: &str) -> String {
    let mut shown = String::new();
    let mut rest = label;
    while let Some((before, after)) = rest.split_once('#') {
        shown.push_str(before);
        let (number, after) = after.split_once(';').expect("an entity");
        shown.push(char::from_u32(number.parse().unwrap()).unwrap());
        rest = after;
    }
    shown.push_str(rest);
    assert!(label.chars().all(|it| it.is_alphanumeric() || " -_./:#;".contains(it)), "{label:?}");
    shown
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_saved_is_loaded(document in documents()) {
        let graph = load(&document);
        let (saved, again) = (save(&graph), save(&load(&document)));
        prop_assert_eq!(String::from_utf8(saved.clone()).unwrap(), String::from_utf8(again).unwrap());
        let loaded = Graph::from_json(&*saved).unwrap();
        prop_assert_eq!(String::from_utf8(save(&loaded)).unwrap(), String::from_utf8(saved).unwrap());
        prop_assert_eq!(loaded.len(), document["nodes"].as_array().unwrap().len());
        for given in document["nodes"].as_array().unwrap() {
            let scope = Scope::new(given["account"].as_str().unwrap(), given["region"].as_str().unwrap_or(""));
            let node = loaded.named(given["type"].as_str().unwrap(), &scope, given["key"].as_str().unwrap()).unwrap();
            prop_assert_eq!(&*node.json(), &given["model"]);
            prop_assert_eq!(node.outcome().as_str(), given["outcome"].as_str().unwrap());
            prop_assert_eq!((node.is_root(), node.is_stale()), (given["root"] == true, given["stale"] == true));
        }
        prop_assert!(graph.diff(&loaded).is_empty() && loaded.diff(&graph).is_empty());
    }

    #[test]
    fn a_file_that_is_cut_off_is_an_error(document in documents(), at in any::<prop::sample::Index>()) {
        let saved = save(&load(&document));
        prop_assert!(Graph::from_json(&saved[..at.index(saved.len())]).is_err());
    }

    #[test]
    fn graphviz_reads_it(document in documents()) {
        let graph = load(&document);
        let tokens = dot(&text(|to| graph.to_dot(to)));
        let word = |text: &str| Dot::Word(text.to_owned());
        prop_assert_eq!(&tokens[..3], &[word("digraph"), word("resources"), Dot::Sign("{")]);
        prop_assert_eq!(tokens.last(), Some(&Dot::Sign("}")));
        let statements: Vec<&[Dot]> = tokens[3..tokens.len() - 1].split(|token| *token == Dot::Sign(";")).collect();
        let (mut labels, mut found) = (Vec::new(), Vec::new());
        for statement in statements.iter().filter(|statement| !statement.is_empty()) {
            match statement {
                [Dot::Word(from), Dot::Sign("->"), Dot::Word(to), rest @ ..] => {
                    let number = |word: &str| word.strip_prefix('n').unwrap().parse::<usize>().unwrap();
                    let attributes = attributes(rest);
                    prop_assert_eq!(attributes.len(), 1);
                    found.push((number(from), number(to), attributes[0].1.clone()));
                }
                [Dot::Word(name), Dot::Sign("="), Dot::Word(_)] => prop_assert_eq!(name, "rankdir"),
                [Dot::Word(node), ..] if node == "node" => {}
                [Dot::Word(node), rest @ ..] => {
                    prop_assert_eq!(node, &format!("n{}", labels.len()));
                    labels.push(attributes(rest).remove(0).1);
                }
                other => prop_assert!(false, "no statement: {:?}", other),
            }
        }
        let shown = |text: &str| text.replace(|it: char| it.is_control() && it != '\n', "\u{fffd}");
        let expected: Vec<_> =
            graph.nodes().map(|node| shown(&format!("{}\n{}", node.type_name(), node.key()))).collect();
        prop_assert_eq!(labels, expected);
        let expected: Vec<_> = edges(&graph).into_iter().map(|(from, to, via)| (from, to, shown(&via))).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn an_xml_parser_reads_it(document in documents()) {
        let graph = load(&document);
        let xml = text(|to| graph.to_graphml(to));
        let xml = roxmltree::Document::parse(&xml).map_err(|error| TestCaseError::fail(format!("{error}: {xml}")))?;
        let root = xml.root_element();
        prop_assert_eq!(root.tag_name().namespace(), Some("http://graphml.graphdrawing.org/xmlns"));
        let of = |name: &'static str| root.descendants().filter(move |it| it.has_tag_name(("http://graphml.graphdrawing.org/xmlns", name)));
        let keys: Vec<&str> = of("key").filter_map(|key| key.attribute("id")).collect();
        let data = |node: roxmltree::Node<'_, '_>, name: &str| {
            let data = node.children().find(|it| it.attribute("key") == Some(name)).unwrap();
            assert!(data.children().all(|it| it.is_text()), "nothing but text");
            data.text().unwrap_or_default().to_owned()
        };
        // What XML 1.0 has no character for is shown as such.
        let shown = |text: &str| {
            text.replace(|it: char| (it < ' ' && !"\t\n\r".contains(it)) || it == '\u{fffe}' || it == '\u{ffff}', "\u{fffd}")
        };
        let nodes: Vec<_> = of("node").collect();
        prop_assert_eq!(nodes.len(), graph.len());
        for (read, node) in nodes.into_iter().zip(graph.nodes()) {
            prop_assert!(read.children().filter_map(|it| it.attribute("key")).all(|key| keys.contains(&key)));
            prop_assert_eq!(data(read, "key"), shown(node.key()));
            prop_assert_eq!(data(read, "type"), shown(node.type_name()));
            prop_assert_eq!(data(read, "outcome"), node.outcome().as_str());
            prop_assert_eq!(data(read, "scope"), shown(&place(node.scope())));
            prop_assert_eq!(data(read, "model"), shown(&node.json().to_string()));
        }
        let number = |text: Option<&str>| text.unwrap().strip_prefix('n').unwrap().parse::<usize>().unwrap();
        let read: Vec<_> = of("edge").map(|it| (number(it.attribute("source")), number(it.attribute("target")), data(it, "via"))).collect();
        let expected: Vec<_> = edges(&graph).into_iter().map(|(from, to, via)| (from, to, shown(&via))).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn every_line_of_cypher_is_a_statement(document in documents()) {
        let graph = load(&document);
        let cypher = text(|to| graph.to_cypher(to));
        let mut lines = cypher.strip_suffix('\n').unwrap().split('\n');
        prop_assert!(lines.next().unwrap().starts_with("CREATE CONSTRAINT"));
        let mut ids = Vec::new();
        for node in graph.nodes() {
            let (frame, literals) = statement(lines.next().unwrap());
            prop_assert_eq!(frame, "MERGE (r:Resource {id: ?}) SET r.type = ?, r.key = ?, r.scope = ?, r.outcome = ?, r.model = ?;");
            let model = node.json().to_string();
            prop_assert_eq!(&literals[1..], &[node.type_name(), node.key(), &place(node.scope()), node.outcome().as_str(), &model]);
            prop_assert!(!ids.contains(&literals[0]), "two resources are not one: {:?}", literals);
            ids.push(literals[0].clone());
        }
        for (from, to, via) in edges(&graph) {
            let (frame, literals) = statement(lines.next().unwrap());
            prop_assert_eq!(frame, "MATCH (a:Resource {id: ?}), (b:Resource {id: ?}) MERGE (a)-[:REFERS_TO {via: ?}]->(b);");
            prop_assert_eq!(literals, vec![ids[from].clone(), ids[to].clone(), via]);
        }
        prop_assert_eq!(lines.next(), None);
    }

    #[test]
    fn every_line_of_mermaid_is_a_statement(document in documents(), most in 0_usize..14) {
        let graph = load(&document);
        let chart = text(|to| graph.to_mermaid(to, most));
        let mut lines = chart.strip_suffix('\n').unwrap().split('\n').peekable();
        prop_assert_eq!(lines.next(), Some("flowchart LR"));
        let left_out = graph.len().saturating_sub(most);
        if left_out > 0 {
            prop_assert_eq!(lines.next().unwrap(), format!("  %% {left_out} more resources are left out"));
        }
        let (mut shown, mut found) = (Vec::new(), Vec::new());
        for line in lines {
            let (name, rest) = line.strip_prefix("  n").unwrap().split_at_checked(line.find(['[', ' ']).map_or(0, |_| {
                line[3..].find(|it: char| !it.is_ascii_digit()).unwrap()
            })).unwrap();
            let place: usize = name.parse().unwrap();
            if let Some(label) = rest.strip_prefix("[\"").and_then(|rest| rest.strip_suffix("\"]")) {
                let (kind, key) = label.split_once("<br/>").unwrap();
                let node = graph.node(place).unwrap();
                prop_assert_eq!((mermaid(kind), mermaid(key)), (node.type_name().to_owned(), node.key().to_owned()));
                shown.push(place);
            } else {
                let (via, to) = rest.strip_prefix(" -->|\"").unwrap().rsplit_once("\"| n").unwrap();
                found.push((place, to.parse().unwrap(), mermaid(via)));
            }
        }
        prop_assert_eq!(shown.len(), graph.len().min(most));
        let is_shown = |edge: &(usize, usize, String)| shown.contains(&edge.0) && shown.contains(&edge.1);
        prop_assert_eq!(found, edges(&graph).into_iter().filter(is_shown).collect::<Vec<_>>());
    }

    #[test]
    fn a_page_holds_its_data_and_no_more(document in documents(), title in name()) {
        let graph = load(&document);
        let page = text(|to| graph.to_html(to, &title));
        let scripts = page.matches("</script>").count();
        let plain = text(|to| Graph::from_json(&b"{\"version\":1,\"complete\":true,\"outcomes\":{},\"calls\":{},\"throttled\":{},\"problems\":[],\"coverage\":[],\"left_out\":0,\"conflicts\":[],\"nodes\":[],\"edges\":[]}"[..]).unwrap().to_html(to, ""));
        prop_assert_eq!(scripts, plain.matches("</script>").count(), "no name ends a script");
        prop_assert_eq!(page.matches("<script").count(), plain.matches("<script").count());
    }

    #[test]
    fn a_diff_says_no_more_than_was_seen(one in documents(), other in documents()) {
        let (old, new) = (load(&one), load(&other));
        let diff = old.diff(&old);
        prop_assert!(diff.is_empty(), "{}", diff);
        prop_assert!(diff.unknown.iter().all(|name| old.nodes().any(|it| it.is_stale() && it.key() == name.key)));
        let diff = old.diff(&new);
        let of = |graph: &Graph, name: &tidegate_discovery::Name| {
            let scope = Scope::new(name.scope.account.clone(), name.scope.region.clone().unwrap_or_default());
            graph.named(&name.type_name, &scope, &name.key).map(|node| (node.outcome(), node.json()))
        };
        let saw_all = |graph: &Graph, name: &tidegate_discovery::Name| {
            let it = &graph.report().coverage[0];
            it.complete && it.asked && it.type_name == name.type_name && it.scope == name.scope
        };
        for name in &diff.removed {
            prop_assert_eq!(of(&old, name).unwrap().0, OutcomeKind::Found);
            let now = of(&new, name).map(|it| it.0);
            prop_assert!(now == Some(OutcomeKind::Absent) || now.is_none() && saw_all(&new, name), "{}", name);
        }
        for name in &diff.added {
            prop_assert_eq!(of(&new, name).unwrap().0, OutcomeKind::Found);
            let before = of(&old, name).map(|it| it.0);
            prop_assert!(before == Some(OutcomeKind::Absent) || before.is_none() && saw_all(&old, name), "{}", name);
        }
        for change in &diff.changed {
            let (before, now) = (of(&old, &change.name).unwrap().1, of(&new, &change.name).unwrap().1);
            for field in &change.fields {
                prop_assert_eq!(before.pointer(&field.field).unwrap_or(&Value::Null), &field.old);
                prop_assert_eq!(now.pointer(&field.field).unwrap_or(&Value::Null), &field.new);
                prop_assert_ne!(&field.old, &field.new);
            }
        }
        let found = old.nodes().filter(|node| node.outcome() == OutcomeKind::Found).count();
        let told = diff.removed.len() + diff.changed.len() + diff.unknown.len();
        prop_assert!(told <= found);
    }
}

#[test]
fn a_file_that_is_none_is_an_error() {
    let whole = json!({ "version": 1, "complete": true, "outcomes": {}, "calls": {}, "throttled": {}, "problems": [],
        "coverage": [], "left_out": 0, "conflicts": [], "nodes": [], "edges": [] });
    assert!(load(&whole).is_empty());
    let node = json!({ "id": 0, "type": "a:b", "key": "k", "account": "1", "region": null, "outcome": "found", "model": {} });
    let with = |field: &str, value: Value| {
        let mut document = whole.clone();
        document[field] = value;
        Graph::from_json(&*serde_json::to_vec(&document).unwrap())
            .map(|graph| graph.len())
            .map_err(|it| it.to_string())
    };
    assert_eq!(with("nodes", json!([node])), Ok(1));
    assert_eq!(with("version", json!(2)), Err("it is of version 2; this reads version 1".into()));
    assert_eq!(with("nodes", json!([node, node])), Err("two nodes have one id".into()));
    assert_eq!(
        with("edges", json!([{ "from": 0, "to": 1, "via": "" }])),
        Err("an edge from 0 to 1: there is no such node".into())
    );
    for (field, value) in
        [("nodes", json!(null)), ("version", json!("1")), ("nodes", json!([{}])), ("edges", json!(3))]
    {
        assert!(with(field, value).is_err(), "{field}");
    }
    let mut same = node.clone();
    same["id"] = json!(1);
    assert!(with("nodes", json!([node, same])).is_err(), "two nodes of one name");
}
