# SPDX-License-Identifier: Apache-2.0
"""Generated messages with what canonicalization has to deal with: folds, blanks of all kinds, empty lines, octets above
127, repeated and empty fields, bodies of every ending."""


def word(chance):
    return "".join(chance.choice("abcdefgxyz0189-+=;:!?.,/<>\"'()") for _ in range(chance.randint(1, 14)))


def words(chance, least=0, blanks=" "):
    return "".join(word(chance) + chance.choice(blanks) * chance.randint(1, 3) for _ in range(chance.randint(least, 9)))


def folded(chance):
    text = words(chance)
    for _ in range(chance.randint(0, 3)):
        text += "\r\n" + chance.choice([" ", "\t", " \t", "    "]) + words(chance, 1, " \t")
    return text


def header(chance):
    fields = ["From: Jane <jane@example.org>", "To: joe@example.net", "Date: Thu, 14 Jan 2016 15:00:01 -0800",
              chance.choice(["Subject: ", "subject:", "SUBJECT: \t"]) + folded(chance), "MIME-Version: 1.0",
              "Message-ID: <%d@example.org>" % chance.randrange(10 ** 9)]
    optional = ["Cc: " + folded(chance), "Reply-To: jane@example.org", "X-Odd: " + folded(chance), "X-Empty:", "X-Blank: ",
                "Content-Type: text/plain;\r\n\tcharset=utf-8", "Content-Transfer-Encoding: 8bit",
                "In-Reply-To: <1@example.net>", "References: <1@example.net>\r\n <2@example.net>",
                "List-Id: <list.example.org>", "X-Utf8: gr\u00fc\u00dfe  \u4f60\u597d"]
    fields += chance.sample(optional, chance.randint(0, len(optional)))
    fields += ["Received: from a.example by b.example;\r\n\tThu, 14 Jan 2016 15:00:0%d -0800" % i
               for i in range(chance.randint(0, 3))]
    chance.shuffle(fields)
    return "\r\n".join(fields) + "\r\n"


def body(chance):
    kind = chance.random()
    if kind < 0.05:
        return ""
    if kind < 0.1:
        return "\r\n" * chance.randint(1, 4)
    lines = []
    for _ in range(chance.randint(1, 25)):
        line = chance.choice(["", " ", "\t"]) + words(chance, 0, " \t") + chance.choice(["", "", " ", "\t ", "  "])
        if chance.random() < 0.1:
            line = ""
        if chance.random() < 0.05:
            line = "x" * chance.randint(500, 990)
        if chance.random() < 0.1:
            line += "gr\u00fc\u00dfe"
        lines.append(line)
    # On the wire every body ends with a line end; without one OpenDKIM refuses a letter.
    return "\r\n".join(lines) + "\r\n" + chance.choice(["", "\r\n", "\r\n\r\n", " \r\n", " \r\n\t\r\n\r\n"])


def letter(chance):
    return (header(chance) + "\r\n" + body(chance)).encode()
