//! Shelves of boxes with items in them, behind an API whose calls are recorded, and go wrong as a test says.

#![allow(clippy::unwrap_used, reason = "a test that cannot begin fails")]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tidegate_discovery::{
    Answers, Api, Builder, Discovery, Fetch, FetchError, Find, Index, Mirror, Parts, Plan, Ref, Refs, Scope,
    Term,
};
use tidegate_throttle::{Outcome, Throttle};
use tokio::time::sleep;

pub(crate) const BOXES: Api = Api::new("shelf", "DescribeBoxes");
pub(crate) const LIST_BOXES: Api = Api::new("shelf", "ListBoxes");
pub(crate) const LABELS: Api = Api::new("shelf", "DescribeLabels");
pub(crate) const PRICES: Api = Api::new("shelf", "DescribePrices");
pub(crate) const ITEMS: Api = Api::new("shelf", "DescribeItems");
pub(crate) const LIST_ITEMS: Api = Api::new("shelf", "ListItems");

/// A box, or an item in one, whose key is `BOX/NAME`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Thing {
    pub(crate) key: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) boxes: Vec<String>,
    pub(crate) items: Vec<String>,
    /// Changes from one fetch to another.
    pub(crate) note: String,
    /// Asked for apart, of boxes.
    pub(crate) label: Option<String>,
    pub(crate) price: Option<u32>,
}

impl Thing {
    pub(crate) fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), ..Self::default() }
    }

    pub(crate) fn boxes(mut self, keys: &[&str]) -> Self {
        self.boxes = keys.iter().map(ToString::to_string).collect();
        self
    }

    pub(crate) fn items(mut self, keys: &[&str]) -> Self {
        self.items = keys.iter().map(ToString::to_string).collect();
        self
    }

    pub(crate) fn aliases(mut self, aliases: &[&str]) -> Self {
        self.aliases = aliases.iter().map(ToString::to_string).collect();
        self
    }

    pub(crate) fn note(mut self, note: &str) -> Self {
        note.clone_into(&mut self.note);
        self
    }
}

/// A call as it was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sent {
    pub(crate) operation: &'static str,
    pub(crate) scope: String,
    pub(crate) group: String,
    pub(crate) keys: Vec<String>,
    pub(crate) page: Option<String>,
    /// How many were made of this operation before.
    pub(crate) before: usize,
    pub(crate) answered: bool,
}

/// How the API is.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    pub(crate) latency: Duration,
    /// Keys in a call; none if there is no call by id.
    pub(crate) boxes_by_id: Option<usize>,
    /// Boxes on a page; none if there is no list.
    pub(crate) box_page: Option<usize>,
    pub(crate) items_by_id: Option<usize>,
    pub(crate) item_page: usize,
    /// Lists tell keys and nothing else.
    pub(crate) names_only: bool,
    /// Boxes in a call for labels; none if they have none.
    pub(crate) labels: Option<usize>,
    pub(crate) prices: Option<usize>,
    /// Keys without a field that they must have.
    pub(crate) unreadable: BTreeSet<String>,
    /// Boxes whose lists tell of something that cannot be read and has no key.
    pub(crate) nameless: BTreeSet<String>,
    /// Boxes that parts do not answer for.
    pub(crate) unlabelled: BTreeSet<String>,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(30),
            boxes_by_id: Some(10),
            box_page: Some(10),
            items_by_id: None,
            item_page: 10,
            names_only: false,
            labels: None,
            prices: None,
            unreadable: BTreeSet::new(),
            nameless: BTreeSet::new(),
            unlabelled: BTreeSet::new(),
        }
    }
}

type Rule = Arc<dyn Fn(&Sent) -> Option<FetchError> + Send + Sync>;
type Account = (BTreeMap<String, Thing>, BTreeMap<String, Thing>);

/// The account behind the API: the same in every scope.
#[derive(Clone)]
pub(crate) struct Shelf {
    pub(crate) style: Arc<Style>,
    account: Arc<Mutex<Account>>,
    sent: Arc<Mutex<Vec<Sent>>>,
    rule: Arc<Mutex<Rule>>,
}

impl Shelf {
    pub(crate) fn new(style: Style) -> Self {
        let rule: Rule = Arc::new(|_| None);
        Self {
            style: Arc::new(style),
            account: Arc::default(),
            sent: Arc::default(),
            rule: Arc::new(Mutex::new(rule)),
        }
    }

    /// Puts a box or an item there, or another in its place.
    pub(crate) fn put(&self, thing: Thing) -> &Self {
        let (boxes, items) = &mut *self.account.lock().unwrap();
        let of = if thing.key.contains('/') { items } else { boxes };
        of.insert(thing.key.clone(), thing);
        self
    }

    /// As many boxes, `b00` and on, with as many items in each, `b00/i00` and on.
    pub(crate) fn fill(&self, boxes: usize, items: usize) -> &Self {
        for a in 0..boxes {
            self.put(Thing::new(format!("b{a:02}")));
            (0..items).for_each(|b| {
                self.put(Thing::new(format!("b{a:02}/i{b:02}")));
            });
        }
        self
    }

    pub(crate) fn remove(&self, key: &str) {
        let (boxes, items) = &mut *self.account.lock().unwrap();
        boxes.remove(key);
        items.remove(key);
    }

    /// From now on calls go wrong as the rule says.
    pub(crate) fn rule(&self, rule: impl Fn(&Sent) -> Option<FetchError> + Send + Sync + 'static) -> &Self {
        *self.rule.lock().unwrap() = Arc::new(rule);
        self
    }

    pub(crate) fn build(&self, builder: Builder) -> Discovery {
        builder.mirror(Boxes(self.clone())).mirror(Items(self.clone())).build().unwrap()
    }

    pub(crate) fn discover(&self) -> Discovery {
        self.build(Discovery::builder())
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// How many calls were made of an operation.
    pub(crate) fn count(&self, api: Api) -> usize {
        self.of(api).len()
    }

    /// The calls of an operation.
    pub(crate) fn of(&self, api: Api) -> Vec<Sent> {
        self.sent().into_iter().filter(|sent| sent.operation == api.operation()).collect()
    }

    pub(crate) fn account(&self) -> Account {
        self.account.lock().unwrap().clone()
    }

    /// Makes a call, as often as it is throttled.
    async fn call(
        &self,
        cx: &Fetch,
        api: Api,
        keys: &[&str],
        page: Option<&str>,
    ) -> Result<Account, FetchError> {
        loop {
            let mut permit = cx.acquire(&cx.call(api)).await.map_err(FetchError::failed)?;
            permit.sent();
            let (place, sent) = {
                let mut all = self.sent.lock().unwrap();
                let sent = Sent {
                    operation: api.operation(),
                    scope: cx.scope().to_string(),
                    group: cx.group().to_owned(),
                    keys: keys.iter().map(ToString::to_string).collect(),
                    page: page.map(str::to_owned),
                    before: all.iter().filter(|it| it.operation == api.operation()).count(),
                    answered: false,
                };
                all.push(sent.clone());
                (all.len() - 1, sent)
            };
            sleep(self.style.latency).await;
            let rule = Arc::clone(&self.rule.lock().unwrap());
            match rule(&sent) {
                Some(error)
                    if std::error::Error::source(&error).is_some_and(|it| it.to_string() == THROTTLED) =>
                {
                    permit.finish(Outcome::Throttled { retry_after: None });
                }
                Some(error) => {
                    permit.finish(Outcome::Accepted);
                    return Err(error);
                }
                None => {
                    permit.finish(Outcome::Accepted);
                    self.sent.lock().unwrap()[place].answered = true;
                    return Ok(self.account());
                }
            }
        }
    }

    /// What a call by id brings.
    fn answer<M: Mirror<Model = Thing>>(
        &self,
        of: &BTreeMap<String, Thing>,
        keys: &[&str],
        answers: &mut Answers<M>,
    ) {
        for key in keys {
            // By key, else by an alias.
            let by_alias = || of.values().find(|thing| thing.aliases.iter().any(|alias| alias == key));
            if let Some(thing) = of.get(*key).or_else(by_alias) {
                self.tell(thing, answers);
            }
        }
    }

    /// A page of a list.
    fn page<M: Mirror<Model = Thing>>(
        &self,
        of: impl Iterator<Item = Thing>,
        page: Option<&str>,
        most: usize,
        answers: &mut Answers<M>,
    ) -> Option<String> {
        let mut rest = of.skip_while(|thing| page.is_some_and(|page| *thing.key < *page)).peekable();
        for thing in rest.by_ref().take(most) {
            if self.style.names_only {
                answers.named(&thing.key);
            } else {
                self.tell(&thing, answers);
            }
        }
        rest.next().map(|thing| thing.key)
    }

    fn tell<M: Mirror<Model = Thing>>(&self, thing: &Thing, answers: &mut Answers<M>) {
        if self.style.unreadable.contains(&thing.key) {
            answers.unreadable(Some(&thing.key), "Size");
        } else if self.style.nameless.contains(&thing.key) {
            answers.unreadable(None, "Key");
        } else {
            answers.found(Thing { label: None, price: None, ..thing.clone() });
        }
    }
}

/// What a rule answers to have a call throttled.
pub(crate) const THROTTLED: &str = "throttled";

pub(crate) fn scope() -> Scope {
    Scope::new("1", "here")
}

pub(crate) fn a_box(key: &str) -> Ref<Boxes> {
    Ref::new(scope(), key)
}

pub(crate) fn item(key: &str) -> Ref<Items> {
    Ref::new(scope(), key)
}

/// Mirrors boxes.
pub(crate) struct Boxes(Shelf);

/// Mirrors the items in boxes.
pub(crate) struct Items(Shelf);

fn refs(thing: &Thing, refs: &mut Refs<'_>) {
    refs.many::<Boxes>("Boxes", &thing.boxes);
    refs.many::<Items>("Items", &thing.items);
}

/// By id if it begins with `id:`, once all is there with `whole:`, never with `no:`, else in the list.
fn find(term: &Term) -> Find<'_> {
    let text = term.text();
    match text.split_once(':') {
        Some(("id", key)) => Find::Key(key.into()),
        Some(("whole", _)) => Find::Whole,
        Some(("no", _)) => Find::No,
        _ => Find::List,
    }
}

fn answers_to(thing: &Thing, term: &Term) -> bool {
    let text = term.text().trim_start_matches("whole:");
    thing.key == text
        || thing.note == text
        || thing.label.as_deref() == Some(text)
        || thing.aliases.iter().any(|it| it == text)
}

impl Boxes {
    /// The boxes that refer to an item.
    pub(crate) const OF_ITEM: Index<Self> =
        Index::over_list("item", |thing: &Thing, add| thing.items.iter().for_each(|key| add(key)));
}

impl Mirror for Boxes {
    const TYPE: &'static str = "shelf:box";

    type Model = Thing;

    fn key(model: &Thing) -> Cow<'_, str> {
        Cow::Borrowed(&model.key)
    }

    fn refs(model: &Thing, to: &mut Refs<'_>) {
        refs(model, to);
    }

    fn aliases(model: &Thing, add: &mut dyn FnMut(&str)) {
        model.aliases.iter().for_each(|alias| add(alias));
    }

    fn plan(&self) -> Plan {
        let style = &self.0.style;
        let mut plan = match (style.boxes_by_id, style.box_page) {
            (Some(most), Some(page)) => Plan::by_id(BOXES, most).and_list(LIST_BOXES, page),
            (Some(most), None) => Plan::by_id(BOXES, most),
            (None, page) => Plan::list_only(LIST_BOXES, page.unwrap_or(1)),
        };
        if let Some(most) = style.labels {
            plan = plan.part("label", LABELS, most);
        }
        if let Some(most) = style.prices {
            plan = plan.part("price", PRICES, most);
        }
        plan
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let (boxes, _) = self.0.call(cx, BOXES, keys, None).await?;
        self.0.answer(&boxes, keys, answers);
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let (boxes, _) = self.0.call(cx, LIST_BOXES, &[], page).await?;
        let most = self.0.style.box_page.unwrap();
        Ok(self.0.page(boxes.into_values(), page, most, answers))
    }

    async fn complete(
        &self,
        part: &'static str,
        cx: &Fetch,
        models: &[&Thing],
        parts: &mut Parts<Self>,
    ) -> Result<(), FetchError> {
        let keys: Vec<&str> = models.iter().map(|thing| &*thing.key).collect();
        let api = if part == "label" { LABELS } else { PRICES };
        let (boxes, _) = self.0.call(cx, api, &keys, None).await?;
        for key in keys.into_iter().filter(|key| !self.0.style.unlabelled.contains(*key)) {
            let Some(found) = boxes.get(key).cloned() else {
                parts.absent(key);
                continue;
            };
            let is_label = part == "label";
            parts.add(key, move |thing| {
                if is_label {
                    thing.label = found.label.or_else(|| Some(format!("label of {}", thing.key)));
                } else {
                    thing.price = found.price.or(Some(1));
                }
            });
        }
        Ok(())
    }

    fn find(term: &Term) -> Find<'_> {
        find(term)
    }

    fn answers_to(model: &Thing, term: &Term) -> bool {
        answers_to(model, term)
    }
}

impl Mirror for Items {
    const TYPE: &'static str = "shelf:item";

    type Model = Thing;

    fn key(model: &Thing) -> Cow<'_, str> {
        Cow::Borrowed(&model.key)
    }

    fn refs(model: &Thing, to: &mut Refs<'_>) {
        refs(model, to);
    }

    fn aliases(model: &Thing, add: &mut dyn FnMut(&str)) {
        model.aliases.iter().for_each(|alias| add(alias));
    }

    fn plan(&self) -> Plan {
        let page = self.0.style.item_page;
        let plan = match self.0.style.items_by_id {
            Some(most) => Plan::by_id(ITEMS, most).and_list(LIST_ITEMS, page),
            None => Plan::list_only(LIST_ITEMS, page),
        };
        plan.within::<Boxes>()
    }

    fn group(key: &str) -> Option<Cow<'_, str>> {
        key.split_once('/').map(|(group, _)| group.into())
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        assert!(keys.iter().all(|key| key.starts_with(&format!("{}/", cx.group()))), "of one box: {keys:?}");
        let (_, items) = self.0.call(cx, ITEMS, keys, None).await?;
        self.0.answer(&items, keys, answers);
        Ok(())
    }

    /// What is in a box that is not there is nothing.
    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let (_, items) = self.0.call(cx, LIST_ITEMS, &[], page).await?;
        let inside = format!("{}/", cx.group());
        let items = items.into_values().filter(|thing| thing.key.starts_with(&inside));
        Ok(self.0.page(items, page, self.0.style.item_page, answers))
    }

    fn find(term: &Term) -> Find<'_> {
        match find(term) {
            Find::Key(key) if !key.contains('/') => Find::No,
            found => found,
        }
    }

    fn answers_to(model: &Thing, term: &Term) -> bool {
        answers_to(model, term)
    }
}
