//! The turn of a letter at a mailbox of Microsoft Graph, which has no connections that are kept, and what a refusal of it means to the others.

use super::{LEFT_ALONE_FIRST, Shelf, Trouble, TroubleKind, Turn};
use crate::deliver::Outgoing;
use crate::deliver::graph::{self, GraphServer};
use crate::speak::MailService;
use crate::tokens::TokensOfOutgoing;
use policy::Fault;
use std::time::Instant;
use tokio::sync::MutexGuard as DoorGuard;

impl Shelf {
    /// The first refusal may be that of a token which was taken back before its time; those that were asked before it say nothing new.
    fn refused_by_graph(&self, fault: Fault, asked_at: Instant) -> Fault {
        let last = self.lock().trouble.as_ref().map(|last| (last.kind, last.until - last.pause));
        match last {
            Some((TroubleKind::TokenRefused, since)) if asked_at < since => fault,
            Some((TroubleKind::TokenRefused | TroubleKind::Closed, _)) => self.halt(TroubleKind::Closed, &fault.detail),
            _ => {
                let (pause, kind) = (LEFT_ALONE_FIRST, TroubleKind::TokenRefused);
                self.lock().trouble =
                    Some(Trouble { until: Instant::now() + pause, pause, fault: fault.clone(), kind });
                fault
            }
        }
    }
}

impl Turn<'_> {
    pub(in crate::deliver) fn outgoing(&self) -> &Outgoing {
        self.outgoing
    }

    /// The mailbox of Graph by which the letter leaves, if it does.
    pub(in crate::deliver) fn graph(&self) -> Option<&GraphServer> {
        self.outgoing.graph.as_ref()
    }

    pub(in crate::deliver) fn tokens(&self) -> Option<&TokensOfOutgoing> {
        self.outgoing.tokens.as_ref()
    }

    /// Where the server took us no more, letters ask it one at a time, and not at all when another has just found that it is in vain.
    pub(in crate::deliver) async fn knock(&self) -> Result<Option<DoorGuard<'_, ()>>, Fault> {
        let shelf = &self.outgoing.shelf;
        if shelf.lock().trouble.is_none() {
            return Ok(None);
        }
        let door = shelf.door.lock().await;
        shelf.open_again().map(|()| Some(door))
    }

    /// What Graph said of a letter that was begun at that time. What is about us is about all letters: a token is asked for anew once, then all
    /// of them wait.
    pub(in crate::deliver) fn heed<T>(&self, sent: Result<T, Fault>, asked_at: Instant) -> Result<T, Fault> {
        let shelf = &self.outgoing.shelf;
        match sent {
            Ok(sent) => {
                shelf.taken();
                Ok(sent)
            }
            Err(fault) if graph::is_ours(&fault) => Err(shelf.refused_by_graph(fault, asked_at)),
            Err(fault) => Err(fault),
        }
    }

    pub(in crate::deliver) fn service(&self, server: &GraphServer) -> Result<MailService, Fault> {
        let state = &mut *self.outgoing.shelf.lock();
        if let Some((_, service)) = state.service.as_ref().filter(|(of, _)| of == server) {
            return Ok(service.clone());
        }
        let service = server.service()?;
        state.service = Some((server.clone(), service.clone()));
        Ok(service)
    }
}
