//! Messages of the stand-in for the 1414 gateway.

use exchange::UnixMillis;
use maud::{Markup, html};

use crate::desk::Message;
use crate::desk::web::moment;
use crate::desk::web::words::Words;

/// `messages` oldest first, shown newest first.
pub fn page(words: &Words, messages: &[Message], now: UnixMillis) -> Markup {
    html! {
        h1 { (words.messages) }
        p.quiet { (words.messages_note) }
        @if messages.is_empty() {
            p.empty { (words.nothing_here) }
        } @else {
            div.scroll { table {
                thead { tr {
                    th scope="col" { (words.sent) }
                    th scope="col" { (words.age) }
                    th scope="col" { (words.to_number) }
                    th scope="col" { (words.text) }
                } }
                tbody { @for message in messages.iter().rev() {
                    tr {
                        td.short { (moment::date_time(message.sent_at)) }
                        td.short { (moment::age(words, message.sent_at, now)) }
                        td.short { (message.phone) }
                        td { (message.text) }
                    }
                } }
            } }
        }
    }
}
