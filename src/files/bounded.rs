//! Lists that are read only up to a limit, so that no file takes memory without bound.

use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use super::limits;

/// What is limited, by how much. A type stands for each, since a list's limit is a part of its type.
pub trait Limit {
    const WHAT: &'static str;
    const MOST: usize;
}

macro_rules! limits {
    ($($name:ident: $what:literal, $most:expr;)*) => {
        $(
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $name;

            impl Limit for $name {
                const WHAT: &'static str = $what;
                const MOST: usize = $most;
            }
        )*

        /// Which limit a parser's error speaks of: the parser has no other way to hand on an error of ours.
        pub fn limit_of(text: &str) -> Option<(&'static str, usize)> {
            $(if text.starts_with(concat!("too many ", $what)) { return Some(($what, $most)); })*
            None
        }
    };
}

limits! {
    Events: "events", limits::EVENTS;
    Tasks: "tasks", limits::TASKS;
    Lanes: "lanes", limits::LANES;
    Legs: "legs", limits::LEGS;
    Trials: "trials", limits::TRIALS;
}

/// A list of at most `L::MOST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounded<T, L>(pub Vec<T>, PhantomData<L>);

impl<T, L> Default for Bounded<T, L> {
    fn default() -> Bounded<T, L> {
        Bounded(Vec::new(), PhantomData)
    }
}

impl<T, L> FromIterator<T> for Bounded<T, L> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Bounded<T, L> {
        Bounded(items.into_iter().collect(), PhantomData)
    }
}

impl<T: Serialize, L> Serialize for Bounded<T, L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>, L: Limit> Deserialize<'de> for Bounded<T, L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bounded<T, L>, D::Error> {
        struct Items<T, L>(PhantomData<(T, L)>);

        impl<'de, T: Deserialize<'de>, L: Limit> Visitor<'de> for Items<T, L> {
            type Value = Bounded<T, L>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "a list of {}", L::WHAT)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Bounded<T, L>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    if list.len() == L::MOST {
                        return Err(A::Error::custom(format_args!("too many {}", L::WHAT)));
                    }
                    list.push(item);
                }
                Ok(Bounded(list, PhantomData))
            }
        }

        deserializer.deserialize_seq(Items(PhantomData))
    }
}
