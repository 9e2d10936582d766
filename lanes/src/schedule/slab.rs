//! [`Slab`]: values at indices that are used again.

/// Values at indices that are used again, so that nothing is allocated in the steady state.
#[derive(Debug)]
pub(super) struct Slab<V> {
    values: Vec<Option<V>>,
    free: Vec<u32>,
}

impl<V> Slab<V> {
    pub(super) const fn new() -> Self {
        Self { values: Vec::new(), free: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len() - self.free.len()
    }

    pub(super) fn insert(&mut self, value: V) -> u32 {
        if let Some(index) = self.free.pop()
            && let Some(place) = self.values.get_mut(index as usize)
        {
            *place = Some(value);
            return index;
        }
        // Four thousand million values do not fit into memory.
        let index = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(Some(value));
        index
    }

    pub(super) fn get(&self, index: u32) -> Option<&V> {
        self.values.get(index as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut V> {
        self.values.get_mut(index as usize)?.as_mut()
    }

    pub(super) fn remove(&mut self, index: u32) -> Option<V> {
        let value = self.values.get_mut(index as usize)?.take()?;
        self.free.push(index);
        if self.free.len() == self.values.len() && self.values.len() > KEPT {
            // A backlog has been worked off: its memory goes back.
            *self = Self::new();
        }
        Some(value)
    }
}

/// Values for which memory is kept when there are none.
const KEPT: usize = 4096;
