#pragma once
// SPDX-License-Identifier: Apache-2.0
// Every word the server says. One line each, without CRLF: code, enhanced status, text.
// RFC 5321 §4.2, §4.3.2 (codes); RFC 2034 §4 (a status in every reply but greeting, EHLO and 3xx), RFC 3463 (statuses).
#include <cstdint>
#include <string>
#include <string_view>

#include "vocab/reply.h"

namespace postseal::smtpd::reply {

// --- yes ---
inline constexpr std::string_view kReset = "250 2.0.0 Forgotten";
inline constexpr std::string_view kNoop = "250 2.0.0 Still here";
inline constexpr std::string_view kHelp = "214 2.0.0 See RFC 5321; EHLO lists what is offered";
inline constexpr std::string_view kVrfy = "252 2.5.2 Send mail, and see whether it is taken";
inline constexpr std::string_view kBye = "221 2.0.0 Bye";
inline constexpr std::string_view kStartTls = "220 2.0.0 Begin TLS";
inline constexpr std::string_view kSendMessage = "354 End with a line that has only a dot";
inline constexpr std::string_view kAuthenticated = "235 2.7.0 Welcome";
inline constexpr std::string_view kMailOk = "2.1.0";     // a status for accepted()
inline constexpr std::string_view kRcptOk = "2.1.5";     // likewise
inline constexpr std::string_view kMessageOk = "2.0.0";  // likewise
inline constexpr std::string_view kContinue = "334 ";    // and base64

// --- the line is no command ---
inline constexpr std::string_view kUnknownCommand = "500 5.5.1 No such command";
inline constexpr std::string_view kLineTooLong = "500 5.5.2 This line is too long";
inline constexpr std::string_view kBadCharacters =
    "500 5.5.2 A command has no control characters and ends with CR and LF together";
inline constexpr std::string_view kNotAscii = "501 5.5.2 Only addresses have characters outside ASCII";
inline constexpr std::string_view kNotSmtp = "500 5.5.1 This is SMTP";
inline constexpr std::string_view kExpn = "502 5.5.1 Lists are not shown";
inline constexpr std::string_view kNotOffered = "502 5.5.1 This is not offered";

// --- the command is not well-formed ---
inline constexpr std::string_view kNoArgument = "501 5.5.4 This command has no argument";
inline constexpr std::string_view kArgumentMissing = "501 5.5.4 This command needs an argument";
inline constexpr std::string_view kHelloName =
    "501 5.5.2 Say a host name, or an address in brackets such as [192.0.2.1]";
inline constexpr std::string_view kMailSyntax = "501 5.5.2 Write MAIL FROM:<user@domain>";
inline constexpr std::string_view kRcptSyntax = "501 5.5.2 Write RCPT TO:<user@domain>";
inline constexpr std::string_view kBadSender = "501 5.1.7 This is not an address";
inline constexpr std::string_view kBadRecipient = "501 5.1.3 This is not an address";
inline constexpr std::string_view kNoRecipient = "501 5.1.3 A message goes to somebody";
inline constexpr std::string_view kPathTooLong = "501 5.5.4 A path has no more than 256 octets";
inline constexpr std::string_view kSenderNotAscii = "553 5.6.7 This sender needs SMTPUTF8";
inline constexpr std::string_view kRecipientNotAscii = "553 5.6.7 This recipient needs SMTPUTF8";
inline constexpr std::string_view kUnknownParameter = "555 5.5.4 No such parameter";
inline constexpr std::string_view kNoParameters = "555 5.5.4 Parameters need EHLO";
inline constexpr std::string_view kBadParameter = "501 5.5.4 This parameter's value is not right";
inline constexpr std::string_view kTwice = "501 5.5.4 A parameter stands there twice";
inline constexpr std::string_view kBdatSyntax = "501 5.5.4 Write BDAT, a decimal number of octets, and LAST or nothing";
inline constexpr std::string_view kNotBase64 = "501 5.5.2 This is not base64";
inline constexpr std::string_view kAuthCancelled = "501 5.7.0 Cancelled";
inline constexpr std::string_view kAuthSyntax = "501 5.5.4 Write AUTH, a mechanism, and an initial response or nothing";
inline constexpr std::string_view kAuthLineTooLong = "500 5.5.6 This line is too long";

// --- not now ---
inline constexpr std::string_view kHelloFirst = "503 5.5.1 Say EHLO first";
inline constexpr std::string_view kMailFirst = "503 5.5.1 Say MAIL first";
inline constexpr std::string_view kRcptFirst = "503 5.5.1 Say RCPT first";
inline constexpr std::string_view kNoValidRecipient = "554 5.5.1 No recipient was taken";
inline constexpr std::string_view kOneTransaction = "503 5.5.1 A message is on its way already; RSET forgets it";
inline constexpr std::string_view kChunksBegun =
    "503 5.5.1 A message has begun with BDAT; it goes on and ends with BDAT";
inline constexpr std::string_view kTlsAlready = "503 5.5.1 TLS is on already";
inline constexpr std::string_view kTlsUnavailable = "454 4.7.0 TLS cannot be had now";
inline constexpr std::string_view kTlsFirst = "530 5.7.0 Say STARTTLS first";
inline constexpr std::string_view kAuthFirst = "530 5.7.0 Say AUTH first";
inline constexpr std::string_view kAuthNeedsTls = "538 5.7.11 AUTH needs TLS";
inline constexpr std::string_view kAuthAlready = "503 5.5.1 We know who you are";
inline constexpr std::string_view kAuthInTransaction = "503 5.5.1 Not while a message is on its way";
inline constexpr std::string_view kNoMechanism = "504 5.5.4 This mechanism is not offered";

// --- too much, or not clean ---
inline constexpr std::string_view kTooManyRecipients =
    "452 4.5.3 Too many recipients for one message; send it again to the rest";
inline constexpr std::string_view kTooLarge = "552 5.3.4 The message is larger than we take";
inline constexpr std::string_view kHeaderTooLarge = "552 5.3.4 The message's header is larger than we take";
inline constexpr std::string_view kLoop = "554 5.4.6 The message has been through too many servers: a loop";
inline constexpr std::string_view kBareCr = "554 5.6.0 The message has a CR without its LF";
inline constexpr std::string_view kBareLf = "554 5.6.0 The message has an LF without its CR";
inline constexpr std::string_view kNul = "554 5.6.0 The message has a NUL in it";
inline constexpr std::string_view kTextLineTooLong = "554 5.6.0 The message has a line longer than we take";

// --- the end ---
inline constexpr std::string_view kEarlyTalker = "554 5.5.1 The server speaks first";
inline constexpr std::string_view kTalkedAhead = "554 5.5.1 DATA is the last command of a group";
inline constexpr std::string_view kTooManyErrors = "421 4.7.0 Too many errors; closing";
inline constexpr std::string_view kTooIdle = "421 4.7.0 Too many commands and no message; closing";
inline constexpr std::string_view kTooManyMessages = "421 4.5.3 Enough messages for one session; closing";
inline constexpr std::string_view kTooManyLogins = "421 4.7.0 Too many failed logins; closing";
inline constexpr std::string_view kTimedOut = "421 4.4.2 Nothing came; closing";
inline constexpr std::string_view kShutDown = "421 4.3.2 The server is being stopped; closing";
inline constexpr std::string_view kClosing = "421 4.7.0 Closing";
inline constexpr std::string_view kLocalError = "421 4.3.0 A mistake on our side; closing";

// --- made of more than one word ---
std::string greeting(std::string_view hostname);
std::string hello(std::string_view hostname);
std::string chunk_taken(std::uint64_t octets);
/// 250 with the driver's words, or Ok; words may have a status of their own.
std::string accepted(std::string_view status, std::string_view words);
/// A reply of the driver's: RFC 2034 §4: the status on every line; what it lacks is made up from the code's class.
std::string format(const Reply& reply);
/// One line of the driver's words: no control characters, nothing but ASCII, no longer than a reply line may be.
std::string clean_text(std::string_view text);

}  // namespace postseal::smtpd::reply
