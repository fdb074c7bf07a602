# SPDX-License-Identifier: ISC
"""A small FT/1 client, written from ft-protocol(7) and not from the C sources.

It can also say what no honest client would: any bytes, any field, any id.
"""

import collections
import ctypes
import socket
import ssl
import struct

HEADER = struct.Struct('>IBBHI')
ENTRY = struct.Struct('>BBHQqI16sH')
MIB = 1 << 20
DATA_BYTES = 262144
ALPN = 'ft/1'

TYPES = {
    'HELLO': 0x01, 'LOGIN': 0x02, 'CHALLENGE': 0x03, 'RESPONSE': 0x04,
    'PING': 0x05, 'CANCEL': 0x06,
    'LIST': 0x10, 'STAT': 0x11, 'GET': 0x12, 'PUT': 0x13, 'COMMIT': 0x14,
    'ABORT': 0x15, 'CD': 0x16, 'PWD': 0x17, 'MKDIR': 0x18, 'RMDIR': 0x19,
    'RM': 0x1a, 'MV': 0x1b, 'LOCK': 0x1c, 'UNLOCK': 0x1d, 'LOCKS': 0x1e,
    'UPLOADS': 0x1f, 'DISCARD': 0x20, 'PIECES': 0x2a, 'TREE': 0x2b,
    'TREE_COMMIT': 0x2c, 'GET_TREE': 0x2d, 'SYMLINK': 0x2e,
    'APPEND': 0x21, 'WRITE': 0x22, 'TRUNCATE': 0x23, 'CP': 0x24, 'SUM': 0x25,
    'FIND': 0x26, 'DU': 0x27, 'DF': 0x28, 'TOUCH': 0x29,
    'DATA': 0x70, 'OK': 0x80, 'ERROR': 0x81, 'ENTRIES': 0x82, 'BEGUN': 0x83,
    'HELD': 0x84, 'UPLOADS_HELD': 0x85, 'HAVE': 0x86, 'DIGESTS': 0x87,
    'MEMBERS': 0x88,
}
TYPE_NAMES = {number: name for name, number in TYPES.items()}

CHAINED = 0x01
NOW = 0x02

# Name: tag and kind.  A kind is the format of an integer or a pair of them,
# or 'bytes'.
TAGS = {
    'VERSIONS': (0x0001, '>HH'), 'VERSION': (0x0002, '>H'),
    'MAX_REQUEST': (0x0003, '>I'), 'MAX_DATA': (0x0004, '>I'),
    'PIPELINE': (0x0005, '>I'), 'SMALL_UPLOAD': (0x0006, '>I'),
    'IDLE_SECONDS': (0x0007, '>I'), 'METHODS': (0x0008, 'bytes'),
    'USER': (0x0010, 'bytes'), 'METHOD': (0x0011, 'bytes'),
    'RESPONSE': (0x0012, 'bytes'), 'PROMPT': (0x0013, 'bytes'),
    'ECHO': (0x0014, '>B'), 'TICKET': (0x0015, 'bytes'),
    'TICKET_SECONDS': (0x0016, '>I'), 'DURABILITY': (0x0017, '>B'),
    'PATH': (0x0020, 'bytes'), 'TARGET': (0x0021, 'bytes'),
    'OFFSET': (0x0022, '>Q'), 'LENGTH': (0x0023, '>Q'),
    'SIZE': (0x0024, '>Q'), 'MODE': (0x0025, '>I'),
    'MTIME': (0x0026, '>qI'), 'TAKEN': (0x0027, '>B'),
    'IF_ABSENT': (0x0028, 'bytes'), 'IF_VERSION': (0x0029, 'bytes'),
    'VERSION_NOW': (0x002a, 'bytes'), 'DIGEST': (0x002b, 'bytes'),
    'UPLOAD': (0x002c, 'bytes'), 'COUNT': (0x002d, '>Q'),
    'ENTRY': (0x002e, 'bytes'), 'TIME': (0x002f, '>qI'),
    'WAIT_LOCK': (0x0030, '>I'), 'SHARED': (0x0031, 'bytes'),
    'LINK': (0x0056, 'bytes'), 'TOTAL_WANTED': (0x0057, 'bytes'),
    'RECURSIVE': (0x0032, 'bytes'), 'PARENTS': (0x0033, 'bytes'),
    'PATTERN': (0x0034, 'bytes'), 'KIND': (0x0035, '>B'),
    'SIZE_LEAST': (0x0036, '>Q'), 'SIZE_MOST': (0x0037, '>Q'),
    'NEWER': (0x0038, '>qI'), 'OLDER': (0x0039, '>qI'),
    'DEPTH': (0x003a, '>I'), 'SUM': (0x003b, 'bytes'),
    'FREE': (0x003c, '>Q'),
    'QUOTA_BYTES': (0x003d, '>Q'), 'QUOTA_USED': (0x003e, '>Q'),
    'QUOTA_FILES': (0x003f, '>Q'), 'QUOTA_FILES_USED': (0x0050, '>Q'),
    'CODE': (0x0040, '>H'), 'CLASS': (0x0041, '>B'), 'WAIT': (0x0042, '>I'),
    'TEXT': (0x0043, 'bytes'), 'HOLDER': (0x0052, 'bytes'),
    'TREE': (0x0051, 'bytes'), 'BASIS': (0x0053, 'bytes'),
    'MIME_WANTED': (0x0054, 'bytes'), 'MIME': (0x0055, 'bytes'),
    'FEATURES': (0x8001, '>Q'), 'AGENT': (0x8002, 'bytes'),
}
TAG_NAMES = {tag: name for name, (tag, _) in TAGS.items()}

CODES = [
    'ok', 'protocol', 'unsupported', 'bad-request', 'bad-path', 'not-found',
    'not-permitted', 'exists', 'not-a-folder', 'is-a-folder', 'not-a-file',
    'not-empty', 'name-too-long', 'locked', 'busy', 'quota', 'no-space', 'io',
    'changed', 'precondition', 'digest', 'size', 'login-refused',
    'login-needed', 'skipped', 'cancelled', 'timeout', 'cross-device',
    'stopping', 'too-large', 'no-memory',
]
CLASSES = ['permanent', 'retry', 'busy', 'quota', 'auth']


class Malformed(Exception):
    """The peer sent what the protocol does not allow."""


class Cut(Exception):
    """The connection ended without close_notify."""


class Closed(Exception):
    """The peer closed the connection properly."""


class Refused(Exception):
    """A final reply was ERROR; `code` is its word."""

    def __init__(self, fields):
        self.code = CODES[fields['CODE']]
        self.error_class = CLASSES[fields['CLASS']]
        self.wait = fields.get('WAIT')
        self.holder = fields.get('HOLDER', b'').decode()
        self.text = fields['TEXT'].decode('utf-8', 'backslashreplace')
        super().__init__(f'{self.code}: {self.text}')


class Frame(collections.namedtuple('Frame', 'type flags id payload')):
    """`type` is a number; `name` its word."""

    @property
    def name(self):
        return TYPE_NAMES.get(self.type, hex(self.type))

    @property
    def fields(self):
        return decode_fields(self.payload)


Entry = collections.namedtuple(
    'Entry', 'type mode size mtime mtime_ns version name')


def encode_field(tag, value):
    """`tag` is a name, or a number for raw bytes."""
    if isinstance(tag, str):
        tag, kind = TAGS[tag]
        if kind != 'bytes' and not isinstance(value, bytes):
            parts = value if isinstance(value, tuple) else (value,)
            value = struct.pack(kind, *parts)
    if isinstance(value, str):
        value = value.encode()
    return struct.pack('>HH', tag, len(value)) + value


def encode_fields(fields):
    """Fields in the order of their tags, whatever the order given."""
    def tag_of(name):
        return TAGS[name][0] if isinstance(name, str) else name
    return b''.join(encode_field(name, fields[name])
                    for name in sorted(fields, key=tag_of))


def decode_fields(payload):
    """A dict by name (by number for unknown tags); Malformed if it is none."""
    fields, at, last = {}, 0, -1
    while at < len(payload):
        if at + 4 > len(payload):
            raise Malformed('cut in the head of a field')
        tag, length = struct.unpack_from('>HH', payload, at)
        at += 4
        if at + length > len(payload):
            raise Malformed(f'field {tag:#06x} runs past the frame')
        if tag <= last:
            raise Malformed(f'field {tag:#06x} is out of order')
        name = TAG_NAMES.get(tag, tag)
        value = payload[at:at + length]
        fields[name] = decode_value(name, value)
        at += length
        last = tag
    return fields


def decode_value(name, value):
    kind = TAGS[name][1] if name in TAGS else 'bytes'
    if kind == 'bytes':
        return value
    if len(value) != struct.calcsize(kind):
        raise Malformed(f'{name} has {len(value)} bytes')
    parts = struct.unpack(kind, value)
    return parts[0] if len(parts) == 1 else parts


def encode_frame(type_, id_, payload=b'', flags=0, reserved=0, length=None):
    if isinstance(type_, str):
        type_ = TYPES[type_]
    if isinstance(payload, dict):
        payload = encode_fields(payload)
    if length is None:
        length = len(payload)
    return HEADER.pack(length, type_, flags, reserved, id_) + payload


def decode_frame(buffer):
    """The first frame and the rest; None and the buffer if it is not whole."""
    if len(buffer) < HEADER.size:
        return None, buffer
    length, type_, flags, reserved, id_ = HEADER.unpack_from(buffer)
    if reserved != 0:
        raise Malformed('the reserved bits are set')
    end = HEADER.size + length
    if len(buffer) < end:
        return None, buffer
    return Frame(type_, flags, id_, bytes(buffer[HEADER.size:end])), buffer[end:]


def decode_entry(row):
    if len(row) < ENTRY.size:
        raise Malformed('an entry is cut')
    kind, flags, mode, size, mtime, ns, version, length = ENTRY.unpack_from(row)
    name = row[ENTRY.size:ENTRY.size + length]
    if flags != 0 or len(name) != length or name in (b'', b'.', b'..'):
        raise Malformed('an entry makes no sense')
    return Entry(chr(kind), mode, size, mtime, ns, version, name)


def decode_entries(payload):
    entries, at = [], 0
    while at < len(payload):
        if at + 2 > len(payload):
            raise Malformed('cut in the length of an entry')
        length, = struct.unpack_from('>H', payload, at)
        at += 2
        if at + length > len(payload):
            raise Malformed('an entry runs past the frame')
        entries.append(decode_entry(payload[at:at + length]))
        at += length
    return entries


# The kinds of rows of MEMBERS.
MEMBER_ENTRY, MEMBER_WHOLE, MEMBER_END, MEMBER_FAILED = 1, 2, 3, 4
MEMBER_TOTAL = 5
Member = collections.namedtuple('Member', 'kind entry digest content code text')


def decode_member(row):
    kind, rest = row[0], row[1:]
    if kind == MEMBER_ENTRY:
        return Member(kind, decode_entry(rest), None, None, None, None)
    if kind == MEMBER_WHOLE:
        entry = decode_entry(rest[16:])
        content = rest[16 + ENTRY.size + len(entry.name):]
        if entry.type != 'f' or len(content) != entry.size or \
                entry.size > 32768:
            raise Malformed('a whole file is not of its size')
        return Member(kind, entry, rest[:16], content, None, None)
    if kind == MEMBER_END:
        return Member(kind, None, rest[:16], None, None, None)
    if kind == MEMBER_FAILED:
        code, class_, length = struct.unpack_from('>HBH', rest)
        if CLASSES[class_] and len(rest) < 5 + length:
            raise Malformed('a failure is cut')
        return Member(kind, rest[5:5 + length], None, None, CODES[code],
                      rest[5 + length:].decode())
    if kind == MEMBER_TOTAL:
        return Member(kind, None, None, struct.unpack('>QQ', rest), None, None)
    raise Malformed(f'a member of kind {kind}')


def decode_members(payload):
    members, at = [], 0
    while at < len(payload):
        length, = struct.unpack_from('>H', payload, at)
        row = payload[at + 2:at + 2 + length]
        if not row or len(row) != length:
            raise Malformed('a member runs past the frame')
        members.append(decode_member(row))
        at += 2 + length
    return members


def encode_member(kind, entry=b'', digest=b'', content=b''):
    row = bytes([kind]) + digest + entry + content
    return struct.pack('>H', len(row)) + row


def encode_failure(path, code, text=b'', class_=0):
    row = struct.pack('>BHBH', MEMBER_FAILED, CODES.index(code), class_,
                      len(path)) + path + text
    return struct.pack('>H', len(row)) + row


class Tree:
    """What GET_TREE sends, checked: entries, contents and failures by path."""

    def __init__(self):
        self.entries, self.contents, self.failures = {}, {}, {}
        self.path = self.content = self.total = None

    def take(self, frame):
        if frame.name == 'DATA':
            offset, = struct.unpack_from('>Q', frame.payload)
            data = frame.payload[8:]
            if self.content is None or offset < self.at or not data:
                raise Malformed('DATA out of order')
            self.at = offset + len(data)
            self.content[offset:self.at] = data
            return
        if frame.name != 'MEMBERS' or not frame.payload:
            raise Malformed(f'{frame.name} within a tree')
        for member in decode_members(frame.payload):
            self.take_member(member)

    def take_member(self, member):
        if member.kind == MEMBER_FAILED:
            if self.content is not None and member.entry != self.path:
                raise Malformed('the failure of another file')
            self.failures[member.entry] = member.code
            self.entries.pop(member.entry, None)
            self.content = None
        elif member.kind == MEMBER_END:
            self.end(bytes(self.content), member.digest)
            self.content = None
        elif member.kind == MEMBER_TOTAL:
            if self.total is not None:
                raise Malformed('a second total')
            self.total = member.content
        else:
            self.begin(member)

    def begin(self, member):
        folder, slash, _ = member.entry.name.rpartition(b'/')
        if self.content is not None or slash and folder not in self.entries:
            raise Malformed('an entry where none can be')
        self.path = member.entry.name
        self.entries[self.path] = member.entry
        if member.kind == MEMBER_WHOLE:
            self.end(member.content, member.digest)
        elif member.entry.type == 'f':
            self.at, self.content = 0, bytearray(member.entry.size)

    def end(self, content, sum_):
        if len(content) != self.entries[self.path].size:
            raise Malformed('a file is not of its size')
        if digest(content) != sum_:
            raise Malformed('the digest does not match')
        self.contents[self.path] = content


class _Hash128(ctypes.Structure):
    _fields_ = [('low', ctypes.c_uint64), ('high', ctypes.c_uint64)]


_xxhash = ctypes.CDLL('libxxhash.so.0')
_xxhash.XXH128.restype = _Hash128
_xxhash.XXH128.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]


def xxh128(content):
    """XXH128 with seed 0, in its canonical form."""
    content = bytes(content)
    value = _xxhash.XXH128(content, len(content), 0)
    return struct.pack('>QQ', value.high, value.low)


def digest(content, offset=0):
    """The digest of content that lies at `offset` of its file."""
    pieces, at = [], 0
    while at < len(content):
        n = MIB - (offset + at) % MIB
        pieces.append(xxh128(content[at:at + n]))
        at += n
    return xxh128(b''.join(pieces))


def manifest(members):
    """The digest over paths and their contents, None for folders."""
    rows = []
    for path in sorted(members):
        content = members[path]
        rows.append(struct.pack('>cQ16s', b'd' if content is None else b'f',
                                len(content or b''), b'' if content is None
                                else digest(content)) + path + b'\0')
    return xxh128(b''.join(rows))


class Wire:
    """One connection.  `port` and `address` name the server; `source` is an
    address of ours."""

    def __init__(self, address, port, alpn=ALPN, timeout=60, version=None,
                 source=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        # Python lets OpenSSL take a cut for the end; we must see which it is.
        context.options &= ~getattr(ssl, 'OP_IGNORE_UNEXPECTED_EOF', 0)
        if alpn is not None:
            context.set_alpn_protocols([alpn])
        if version is not None:
            context.minimum_version = context.maximum_version = version
        self.buffer = b''
        self.last_id = 0
        self.has_said_hello = False
        self.socket = socket.create_connection(
            (address, port), timeout, source and (source, 0))
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A cut must not look like the end.
            self.tls = context.wrap_socket(
                self.socket, suppress_ragged_eofs=False)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut()

    # --- frames ---

    def send_bytes(self, data):
        self.tls.sendall(data)

    def send(self, type_, id_=0, payload=b'', **odd):
        self.send_bytes(encode_frame(type_, id_, payload, **odd))

    def read_more(self):
        try:
            data = self.tls.recv(65536)
        except (ssl.SSLEOFError, ConnectionResetError, BrokenPipeError) as e:
            raise Cut(str(e)) from e
        except ssl.SSLZeroReturnError:
            data = b''
        except ssl.SSLError as e:
            if e.reason != 'UNEXPECTED_EOF_WHILE_READING':
                raise
            raise Cut(str(e)) from e
        if not data:
            if self.buffer:
                raise Malformed('the connection ends within a frame')
            raise Closed
        self.buffer += data

    def receive(self):
        """The next frame; Closed or Cut when there is none."""
        while True:
            frame, self.buffer = decode_frame(self.buffer)
            if frame is not None:
                return frame
            self.read_more()

    def expect_end(self):
        """Read up to the proper end; the frames that came before it."""
        frames = []
        while True:
            try:
                frames.append(self.receive())
            except Closed:
                return frames

    def close(self):
        """Say goodbye with close_notify, and wait for the server's."""
        try:
            self.tls.unwrap()
        except OSError:
            pass
        self.cut()

    def cut(self):
        """Close without a word."""
        self.tls.close()
        self.socket.close()

    def reset(self):
        """Close with RST."""
        self.tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack('ii', 1, 0))
        self.cut()

    # --- requests ---

    def new_id(self):
        self.last_id += 1
        return self.last_id

    def hello(self):
        self.has_said_hello = True
        self.send('HELLO', 0, {'VERSIONS': (1, 1), 'AGENT': 'ftwire'})
        frame = self.receive()
        if frame.name == 'ERROR':
            raise Refused(frame.fields)
        if frame.name != 'HELLO' or frame.id != 0:
            raise Malformed(f'{frame.name} instead of HELLO')
        return frame.fields

    def login(self, user, secret, method='password'):
        """HELLO and LOGIN in one go; the fields of the OK."""
        if not self.last_id and not self.has_said_hello:
            self.hello()
        return self.call('LOGIN', {'USER': user, 'METHOD': method,
                                   'RESPONSE': secret})

    def ask(self, type_, fields=None, **odd):
        """Send a request without waiting; its id."""
        id_ = self.new_id()
        self.send(type_, id_, fields or {}, **odd)
        return id_

    def answer(self, id_):
        """All frames of the request up to its final reply.  Raises Refused."""
        frames = []
        while True:
            frame = self.receive()
            if frame.name == 'ERROR' and frame.id in (0, id_):
                raise Refused(frame.fields)
            if frame.id != id_:
                raise Malformed(f'{frame.name} for {frame.id}, not {id_}')
            frames.append(frame)
            if frame.name == 'OK':
                return frames

    def call(self, type_, fields=None, **odd):
        """Send a request and wait; the fields of its OK."""
        return self.answer(self.ask(type_, fields, **odd))[-1].fields

    def list(self, path=None):
        id_ = self.ask('LIST', {} if path is None else {'PATH': path})
        *parts, ok = self.answer(id_)
        entries = [e for part in parts for e in decode_entries(part.payload)]
        if ok.fields['COUNT'] != len(entries):
            raise Malformed('the count of entries is wrong')
        return entries

    def uploads(self):
        """The user's unfinished uploads: bytes held and the path, by id."""
        *parts, ok = self.answer(self.ask('UPLOADS'))
        found = {}
        for payload in (part.payload for part in parts):
            while payload:
                length, = struct.unpack_from('>H', payload)
                id_, held = struct.unpack_from('>16s9xQ', payload, 2)
                found[id_] = held, payload[47:2 + length]
                payload = payload[2 + length:]
        if ok.fields['COUNT'] != len(found):
            raise Malformed('the count of uploads is wrong')
        return found

    def stat(self, path):
        return decode_entry(self.call('STAT', {'PATH': path})['ENTRY'])

    def get(self, path, **fields):
        """Content, verified by its digest."""
        id_ = self.ask('GET', {'PATH': path, **fields})
        begun, *parts, ok = self.answer(id_)
        start = fields.get('OFFSET', 0)
        content = bytearray(ok.fields['SIZE'])
        at = start
        for part in parts:
            offset, = struct.unpack_from('>Q', part.payload)
            data = part.payload[8:]
            if part.name != 'DATA' or offset < at or not data:
                raise Malformed('DATA out of order')
            at = offset + len(data)
            if at > start + len(content):
                raise Malformed('DATA behind the end')
            content[offset - start:at - start] = data
        if begun.name != 'BEGUN':
            raise Malformed(f'{begun.name} instead of BEGUN')
        if digest(content, start) != ok.fields['DIGEST']:
            raise Malformed('the digest does not match')
        return bytes(content)

    def answer_tree(self, id_):
        tree = Tree()
        *parts, ok = self.answer(id_)
        for part in parts:
            tree.take(part)
        if ok.fields['SIZE'] != sum(map(len, tree.contents.values())):
            raise Malformed('the size of all is wrong')
        return tree

    def get_tree(self, path, **fields):
        return self.answer_tree(self.ask('GET_TREE', {'PATH': path, **fields}))

    def send_put(self, path, content, announce=True, **fields):
        """Send a whole upload without waiting; its id."""
        if announce:
            fields['SIZE'] = len(content)
        id_ = self.ask('PUT', {'PATH': path, **fields})
        for at in range(0, len(content), DATA_BYTES):
            self.send_data(id_, at, content[at:at + DATA_BYTES])
        self.send('COMMIT', id_, {'SIZE': len(content),
                                  'DIGEST': digest(content)})
        return id_

    def send_data(self, id_, offset, data):
        self.send('DATA', id_, struct.pack('>Q', offset) + data)

    def put(self, path, content, **fields):
        """Upload and wait; the receipt."""
        return self.answer(self.send_put(path, content, **fields))[-1].fields
