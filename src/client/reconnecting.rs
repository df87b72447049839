//! Bringing a closed client back: a new connection, the same login, the same mailbox, and what changed meanwhile.

use std::time::Instant;

use super::caller::caller;
use super::{Carrier, Client, Goal, nonce};
use crate::commands::{Opening, Select, Since};
use crate::error::{Error, Result, imap_status::*};
use crate::model::{Owned, Selected, imap_set, try_box};
use crate::net::Link;
use crate::session::{InFlight, Remembered, RequestId};

impl Client {
    /// Connects anew. None: no mailbox was selected.
    pub fn reconnect(&self) -> Result<Option<Box<Owned<Selected>>>> {
        self.check()?;
        let (ids, select) = self.reopen()?;
        for (at, id) in ids.iter().copied().enumerate() {
            let done = self.wait(Goal::Done(id), None).and_then(|()| self.result(id));
            if let Err(error) = done {
                ids[at..].iter().for_each(|id| self.forget(*id));
                return Err(error);
            }
            if Some(id) != select {
                self.forget(id);
            }
        }
        self.watch_again()?;
        select.map(|id| self.take(id)).transpose()
    }

    /// Begins to connect anew: the commands to be waited for, and which of them selects.
    fn reopen(&self) -> Result<(Vec<RequestId>, Option<RequestId>)> {
        let now = Instant::now();
        let mut core = self.lock();
        core.may_wait(caller())?;
        if !core.session.is_closed() {
            let message = "the client is connected: imap_reconnect() is for one whose connection has ended";
            return Err(Error::new(IMAP_ERR_STATE, message));
        }
        if !matches!(self.config.carrier, Carrier::Network) {
            let message = "the connection was lent to this client and cannot be made anew here: start another client \
                           with a new one";
            return Err(Error::new(IMAP_ERR_STATE, message));
        }
        let mut commands: Vec<Box<dyn InFlight>> =
            vec![try_box(Opening::new(self.config.starttls.is_some()))?];
        let is_known = match &*self.credentials.lock() {
            Some(credentials) => {
                commands.push(try_box(credentials.command()?)?);
                true
            }
            None => false,
        };
        commands.extend(self.config.after_login(&core.session.enabled_before())?);
        let remembered = core.session.remembered().filter(|_| is_known);
        let selects = remembered.is_some();
        if let Some(remembered) = remembered {
            commands.push(try_box(select_again(remembered)?)?);
        }
        let link = Link::open(self.config.target.clone(), core.timeouts, now)?;
        let [a, b, c, d, e, f, ..] = nonce()?;
        let ids = core.session.reopen(commands, [a, b, c, d, e, f], caller(), now)?;
        core.attach(link);
        self.look_again(&core);
        let select = ids.last().copied().filter(|_| selects);
        Ok((ids, select))
    }
}

fn select_again(remembered: Remembered) -> Result<Select> {
    let mut known = imap_set::new();
    match remembered.uid_next {
        0 => known.push_span(1, u32::MAX)?,
        1 => {}
        next => known.push_span(1, next - 1)?,
    }
    let since = Since {
        uid_validity: remembered.uid_validity,
        modseq: remembered.modseq,
        known,
        seen: remembered.seen,
        is_asked: false,
    };
    let select = Select::since(&remembered.mailbox, remembered.is_examined, since)?;
    Ok(select.annotates(remembered.annotates))
}
