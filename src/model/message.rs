//! Messages between processes: what events say of them, and how their bytes travel.

use serde::{Deserialize, Serialize};

/// What a `Sent` or `Received` event says of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which call of its pool it belongs to, from 0. A call and its answer have the same number and go opposite ways, so a
    /// `Sent` of a pool's parent pairs with the one `Received` of this number at a child, and the other way round.
    pub number: u32,
    /// Its length.
    pub bytes: u32,
}

impl Message {
    /// The message as the argument of an event. Inverse of [`Message::from_arg`].
    pub fn to_arg(self) -> u64 {
        (u64::from(self.number) << 32) | u64::from(self.bytes)
    }

    /// The message that an event's argument stands for.
    pub fn from_arg(arg: u64) -> Message {
        Message { number: (arg >> 32) as u32, bytes: arg as u32 }
    }
}

/// How the bytes of a message travel to another process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Carrier {
    /// The browser copies them (structured clone).
    #[default]
    Copy,
    /// They are copied out of the sender's memory once, and that buffer changes its owner.
    Transfer,
    /// Only their place in the sender's memory travels, from where the receiver copies them. Needs shared memory.
    Shared,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_way_through_an_event() {
        for message in [Message { number: 0, bytes: u32::MAX }, Message { number: u32::MAX, bytes: 0 }] {
            assert_eq!(Message::from_arg(message.to_arg()), message);
        }
    }
}
