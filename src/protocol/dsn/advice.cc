// SPDX-License-Identifier: Apache-2.0
#include "protocol/dsn/advice.h"

#include <array>

namespace postseal::dsn {
namespace {

struct Row {
  int subject, detail;  ///< -1: any other
  Advice advice;
};

// RFC 3463 §3, RFC 7505 §4, RFC 7372 §3, RFC 8689 §4.2.1 name the codes.
constexpr std::array kRows{
    Row{1,
        1,
        {"There is no such mailbox.", "Look for a typing error in the address, or ask the person for the right one."}},
    Row{1, 2, {"There is no such domain.", "Look for a typing error behind the @ sign."}},
    Row{1, 3, {"The address is not written as addresses are.", "Look for a typing error in the address."}},
    Row{1, 6, {"The mailbox has moved and left no new address.", "Ask the person for the new address."}},
    Row{1, 10, {"The domain takes no mail at all.", "Look for a typing error behind the @ sign."}},
    Row{1,
        -1,
        {"The address is not accepted.",
         "Look for a typing error in the address, or ask the person for the right one."}},
    Row{2, 1, {"The mailbox takes no mail at present.", "Reach the person in another way."}},
    Row{2,
        2,
        {"The mailbox is full.", "Tell the person in another way, and send the letter again when there is room."}},
    Row{2,
        3,
        {"The letter is larger than this mailbox takes.", "Send less at once, for example a link in place of a file."}},
    Row{2, -1, {"The mailbox does not take the letter.", "Reach the person in another way."}},
    Row{3,
        4,
        {"The letter is larger than the other server takes.",
         "Send less at once, for example a link in place of a file."}},
    Row{3, -1, {"The other server has trouble of its own.", "Send the letter again later."}},
    Row{4,
        7,
        {"The letter could not be delivered in the time that letters are kept.",
         "Send it again later, or reach the person in another way."}},
    Row{4, 6, {"The letter went in a circle.", "Tell your postmaster: the address forwards to itself."}},
    Row{4,
        -1,
        {"The other server could not be reached.",
         "Look for a typing error behind the @ sign, or send the letter again later."}},
    Row{5, 3, {"The letter has more recipients than the other server takes at once.", "Send it to fewer at a time."}},
    Row{5, -1, {"The two servers did not understand each other.", "Tell your postmaster."}},
    Row{6,
        -1,
        {"The letter is written in a way that the other server cannot take.",
         "Send it in a plainer form, for example without special characters in addresses."}},
    Row{7,
        1,
        {"The other server refuses the letter by a rule of its own.",
         "Read what it said; ask the person or his postmaster."}},
    Row{7,
        10,
        {"The letter asks for protected transport, which could not be had.",
         "Send it without that demand if it may be read on its way, or reach the person in another way."}},
    Row{7,
        30,
        {"The letter asks for protected transport to the mailbox (REQUIRETLS), which the other server does not "
         "promise.",
         "Send it without that demand if it may be read on its way, or reach the person in another way."}},
    Row{7,
        5,
        {"The other server could not prove that it is the right one, so it was not given the letter.",
         "Tell the person that the mail server there has a fault; nothing is wrong with your letter."}},
    Row{7,
        -1,
        {"A security rule stands against the letter.", "Read what the other server said, or ask your postmaster."}},
};

}  // namespace

Advice advice(EnhancedStatus status) {
  for (const Row& row : kRows) {
    if (row.subject == status.subject && (row.detail == status.detail || row.detail == -1)) return row.advice;
  }
  return {"It was given up for the reason below.", "Read the reason, or ask your postmaster."};
}

}  // namespace postseal::dsn
