# SPDX-License-Identifier: Apache-2.0
"""OpenDKIM's library, signing and verifying messages with keys from a file instead of DNS."""

import ctypes

OK = 0
SIMPLE, RELAXED = 0, 1
CANONICALIZATIONS = {"simple": SIMPLE, "relaxed": RELAXED}
ALGORITHMS = {"rsa-sha256": 1, "ed25519-sha256": 2}
SET_OPTION, QUERY_METHOD, QUERY_INFO, QUERY_BY_FILE = 1, 6, 7, 1


def load():
    library = ctypes.CDLL("libopendkim.so.11")
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    library.dkim_init.restype = pointer
    library.dkim_init.argtypes = [pointer, pointer]
    library.dkim_options.argtypes = [pointer, ctypes.c_int, ctypes.c_int, pointer, ctypes.c_size_t]
    library.dkim_sign.restype = pointer
    library.dkim_sign.argtypes = [pointer, text, pointer, text, text, text, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                                  ctypes.c_ssize_t, ctypes.POINTER(ctypes.c_int)]
    library.dkim_verify.restype = pointer
    library.dkim_verify.argtypes = [pointer, text, pointer, ctypes.POINTER(ctypes.c_int)]
    for name in ("dkim_header", "dkim_body"):
        getattr(library, name).argtypes = [pointer, text, ctypes.c_size_t]
    library.dkim_eoh.argtypes = [pointer]
    library.dkim_eom.argtypes = [pointer, pointer]
    library.dkim_free.argtypes = [pointer]
    library.dkim_getsighdr_d.argtypes = [pointer, ctypes.c_size_t, ctypes.POINTER(text), ctypes.POINTER(ctypes.c_size_t)]
    library.dkim_getresultstr.restype = text
    library.dkim_getresultstr.argtypes = [ctypes.c_int]
    return library


def split(message):
    """Fields without their final CRLF, and the body."""
    header, _, body = message.partition(b"\r\n\r\n")
    fields = []
    for line in header.split(b"\r\n"):
        if line[:1] in (b" ", b"\t"):
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return fields, body


class OpenDkim:
    def __init__(self, key_file):
        """key_file: lines of a name and its record."""
        self.library = load()
        self.handle = self.library.dkim_init(None, None)
        method = ctypes.c_int(QUERY_BY_FILE)
        path = str(key_file).encode() + b"\0"
        self.option(QUERY_METHOD, ctypes.byref(method), ctypes.sizeof(method))
        self.option(QUERY_INFO, path, len(path) - 1)

    def option(self, option, value, size):
        status = self.library.dkim_options(self.handle, SET_OPTION, option, ctypes.cast(value, ctypes.c_void_p), size)
        self.expect(status, "dkim_options")

    def expect(self, status, what):
        if status != OK:
            raise RuntimeError(f"{what}: {self.library.dkim_getresultstr(status).decode()}")

    def feed(self, run, message):
        fields, body = split(message)
        for field in fields:
            self.expect(self.library.dkim_header(run, field, len(field)), "dkim_header")
        status = self.library.dkim_eoh(run)
        if status == OK and body:
            status = self.library.dkim_body(run, body, len(body))
        return self.library.dkim_eom(run, None) if status == OK else status

    def sign(self, message, domain, selector, pem, algorithm, header, body):
        """The field, with CRLF."""
        status = ctypes.c_int()
        run = self.library.dkim_sign(self.handle, b"1", None, pem, selector.encode(), domain.encode(),
                                     CANONICALIZATIONS[header], CANONICALIZATIONS[body], ALGORITHMS[algorithm], -1,
                                     ctypes.byref(status))
        self.expect(status.value, "dkim_sign")
        try:
            self.expect(self.feed(run, message), "signing")
            text, size = ctypes.c_char_p(), ctypes.c_size_t()
            self.expect(self.library.dkim_getsighdr_d(run, 16, ctypes.byref(text), ctypes.byref(size)), "the field")
            value = text.value.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            return b"DKIM-Signature: " + value + b"\r\n"
        finally:
            self.library.dkim_free(run)

    def verify(self, message):
        """None: it holds. Otherwise the library's words."""
        status = ctypes.c_int()
        run = self.library.dkim_verify(self.handle, b"1", None, ctypes.byref(status))
        self.expect(status.value, "dkim_verify")
        try:
            result = self.feed(run, message)
            return None if result == OK else self.library.dkim_getresultstr(result).decode()
        finally:
            self.library.dkim_free(run)
