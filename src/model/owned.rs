//! A result and its arena in one allocation: C sees a pointer to the public struct, which stands first.

use std::alloc::Layout;
use std::mem::MaybeUninit;

use super::arena::Arena;
use super::text::List;
use crate::error::NoMemory;

/// A public struct, named without its lifetime.
///
/// # Safety
/// `Of<'a>` and `Of<'b>` differ in nothing but the lifetime, and are valid as long as what they borrow is.
pub unsafe trait Kind: 'static {
    type Of<'a>: Copy + Send + Sync;
}

/// One public struct and the arena that it points into.
#[repr(C)]
pub struct Owned<K: Kind> {
    public: MaybeUninit<K::Of<'static>>,
    arena: Arena,
}

impl<K: Kind> Owned<K> {
    /// The closure may borrow from the arena that it is given and from nothing else: that is what makes it
    /// right to keep the two together.
    pub fn build<E: From<NoMemory>>(
        make: impl for<'a> FnOnce(&'a Arena) -> Result<K::Of<'a>, E>,
    ) -> Result<Box<Owned<K>>, E> {
        Owned::build_in(Arena::new(), make)
    }

    pub fn build_in<E: From<NoMemory>>(
        arena: Arena,
        make: impl for<'a> FnOnce(&'a Arena) -> Result<K::Of<'a>, E>,
    ) -> Result<Box<Owned<K>>, E> {
        Blank::new(arena)?.fill(make)
    }

    /// The result is gone, its memory serves for another one.
    pub fn blank(mut self: Box<Self>) -> Blank<K> {
        self.arena.clear();
        Blank(self)
    }

    pub fn get(&self) -> &K::Of<'_> {
        // SAFETY: written by Blank::fill, the only maker; the lifetime is shortened to the arena's.
        unsafe { &*self.public.as_ptr().cast() }
    }

    /// Memory that it takes.
    pub fn size(&self) -> usize {
        self.arena.size()
    }

    pub fn into_c(self: Box<Self>) -> *mut K::Of<'static> {
        Box::into_raw(self).cast()
    }

    /// # Safety
    /// `public` came from `into_c` of the same kind and was not taken back before.
    pub unsafe fn from_c(public: *mut K::Of<'static>) -> Box<Self> {
        // SAFETY: the caller's promise; the struct is repr(C) with `public` first.
        unsafe { Box::from_raw(public.cast()) }
    }
}

/// The memory of a result that is not made yet.
pub struct Blank<K: Kind>(Box<Owned<K>>);

impl<K: Kind> Blank<K> {
    pub fn new(arena: Arena) -> Result<Blank<K>, NoMemory> {
        Ok(Blank(try_box(Owned { public: MaybeUninit::uninit(), arena })?))
    }

    /// Memory that it has.
    pub fn size(&self) -> usize {
        self.0.size()
    }

    /// As [`Owned::build`].
    pub fn fill<E: From<NoMemory>>(
        self,
        make: impl for<'a> FnOnce(&'a Arena) -> Result<K::Of<'a>, E>,
    ) -> Result<Box<Owned<K>>, E> {
        let mut owned = self.0;
        let public = make(&owned.arena)?;
        // SAFETY: the value borrows from the arena alone, whose memory stays where it is until it is
        // cleared or dropped together with the value, which needs no drop (Copy).
        owned.public = MaybeUninit::new(unsafe { erase::<K>(public) });
        Ok(owned)
    }
}

/// A list that grows over many responses, each element parsed straight into the arena of the result.
pub struct Growing<K: Kind> {
    arena: Arena,
    pointers: Vec<*const ()>,
    kind: std::marker::PhantomData<K>,
}

// SAFETY: the pointers lead into the arena beside them, which is Send.
unsafe impl<K: Kind> Send for Growing<K> {}

impl<K: Kind> Growing<K> {
    pub fn new(limit: usize) -> Growing<K> {
        let arena = Arena::new();
        arena.set_limit(limit);
        Growing { arena, pointers: Vec::new(), kind: std::marker::PhantomData }
    }

    pub fn len(&self) -> usize {
        self.pointers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.pointers.is_empty()
    }

    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Parses one more element; after an error the list is as before.
    pub fn push<E: From<NoMemory>>(
        &mut self,
        make: impl for<'a> FnOnce(&'a Arena) -> Result<K::Of<'a>, E>,
    ) -> Result<(), E> {
        self.pointers.try_reserve(1).map_err(NoMemory::from)?;
        let made = make(&self.arena)?;
        let place = self.arena.put(made)?;
        self.pointers.push(std::ptr::from_ref(place).cast());
        Ok(())
    }

    /// See [`Arena::ahead`].
    pub fn ahead(&mut self) -> Option<&mut [MaybeUninit<u8>]> {
        self.arena.ahead()
    }

    pub fn iter(&self) -> impl Iterator<Item = &K::Of<'_>> {
        // SAFETY: each pointer was made by push from an element in self.arena.
        self.pointers.iter().map(|place| unsafe { &*place.cast::<K::Of<'_>>() })
    }

    pub fn get(&self, at: usize) -> Option<&K::Of<'_>> {
        // SAFETY: each pointer was made by push from an element in self.arena.
        self.pointers.get(at).map(|place| unsafe { &*place.cast::<K::Of<'_>>() })
    }

    /// Makes the element at a place anew, if there is one.
    pub fn amend_at<E: From<NoMemory>>(
        &mut self,
        at: usize,
        make: impl for<'a> FnOnce(&'a Arena, K::Of<'a>) -> Result<K::Of<'a>, E>,
    ) -> Result<(), E> {
        let Some(place) = self.pointers.get_mut(at) else { return Ok(()) };
        // SAFETY: each pointer was made by push from an element in self.arena.
        let old = unsafe { *place.cast::<K::Of<'_>>() };
        let made = make(&self.arena, old)?;
        *place = std::ptr::from_ref(self.arena.put(made)?).cast();
        Ok(())
    }

    /// Keeps those elements that `is_it` says true to.
    pub fn retain(&mut self, is_it: impl Fn(&K::Of<'_>) -> bool) {
        // SAFETY: each pointer was made by push from an element in self.arena.
        self.pointers.retain(|place| is_it(unsafe { &*place.cast::<K::Of<'_>>() }));
    }

    /// Makes one of those elements that have the same key, in the first one's place.
    pub fn merge<E: From<NoMemory>>(
        &mut self,
        key: impl Fn(&K::Of<'_>) -> u64,
        merge: impl for<'a> Fn(&'a Arena, &K::Of<'a>, &K::Of<'a>) -> Result<K::Of<'a>, E>,
    ) -> Result<(), E> {
        let mut order: Vec<(u64, usize)> = Vec::new();
        order.try_reserve_exact(self.pointers.len()).map_err(NoMemory::from)?;
        order.extend(self.iter().enumerate().map(|(at, item)| (key(item), at)));
        order.sort_unstable();
        let mut kept: Option<(u64, usize)> = None;
        for (key, at) in order {
            let Some((_, first)) = kept.filter(|(known, _)| *known == key) else {
                kept = Some((key, at));
                continue;
            };
            // SAFETY: each pointer was made by push from an element in self.arena; that at `at` is emptied only now.
            let (old, new) = unsafe {
                (&*self.pointers[first].cast::<K::Of<'_>>(), &*self.pointers[at].cast::<K::Of<'_>>())
            };
            let made = merge(&self.arena, old, new)?;
            self.pointers[first] = std::ptr::from_ref(self.arena.put(made)?).cast();
            self.pointers[at] = std::ptr::null();
        }
        self.pointers.retain(|place| !place.is_null());
        Ok(())
    }

    /// Makes the result that holds the list; the array of pointers becomes part of it as it is.
    pub fn finish<R: Kind, E: From<NoMemory>>(
        mut self,
        make: impl for<'a> FnOnce(&'a Arena, List<'a, K::Of<'a>>, usize) -> Result<R::Of<'a>, E>,
    ) -> Result<Box<Owned<R>>, E> {
        let count = self.pointers.len();
        self.pointers.try_reserve_exact(1).map_err(NoMemory::from)?;
        self.pointers.push(std::ptr::null());
        let pointers = self.pointers;
        Owned::build_in(self.arena, move |arena| {
            let list = arena.adopt_list(pointers)?;
            make(arena, list, count)
        })
    }
}

/// # Safety
/// What `value` borrows from outlives every use of the result.
unsafe fn erase<K: Kind>(value: K::Of<'_>) -> K::Of<'static> {
    // SAFETY: the two types differ in their lifetime only (Kind's contract).
    unsafe { std::mem::transmute_copy(&value) }
}

/// `Box::new` that can fail.
pub fn try_box<T>(value: T) -> Result<Box<T>, NoMemory> {
    let layout = Layout::new::<T>();
    if layout.size() == 0 {
        return Ok(Box::new(value));
    }
    // SAFETY: the layout is not empty; the place is written before the box is made of it.
    unsafe {
        let place = std::alloc::alloc(layout).cast::<T>();
        if place.is_null() {
            return Err(NoMemory);
        }
        place.write(value);
        Ok(Box::from_raw(place))
    }
}
