# SPDX-License-Identifier: ISC
"""A server that a test scripts: honest where it is not told otherwise.

    with ftpeer.Peer(folder, files={b'a': b'content'}) as peer:
        peer.on['GET'] = lambda session, frame: session.send(...)

It keeps its files in memory, in one folder.  Each handler answers one type of
request, and may say what no honest server would.
"""

import base64
import contextlib
import hashlib
import os
import socket
import ssl
import struct
import subprocess
import threading

import ftwire

HELLO = {'VERSION': 1, 'MAX_REQUEST': 65536, 'MAX_DATA': 262152,
         'PIPELINE': 65536, 'SMALL_UPLOAD': 1048576, 'IDLE_SECONDS': 600,
         'METHODS': 'password ticket', 'FEATURES': 1}
VERSION = b'v' * 16
TIME = (1700000000, 5)


def make_certificate(folder, name='peer', subject='/CN=peer', names=None,
                     days=2, more=()):
    """A self-signed certificate: the paths of certificate and key."""
    cert, key = folder / f'{name}.crt', folder / f'{name}.key'
    names = names or 'DNS:localhost,IP:127.0.0.1'
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
         'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert,
         '-subj', subject, '-days', str(days), '-addext',
         f'subjectAltName={names}', *more], check=True, capture_output=True)
    return cert, key


def pin_of(key):
    der = subprocess.run(
        ['openssl', 'pkey', '-in', key, '-pubout', '-outform', 'DER'],
        check=True, capture_output=True).stdout
    return 'sha256//' + base64.b64encode(hashlib.sha256(der).digest()).decode()


def entry(name, size=0, kind='f', mode=0o644, mtime=TIME):
    return ftwire.ENTRY.pack(ord(kind), 0, mode, size, *mtime, VERSION,
                             len(name)) + name


def row(*entries):
    return b''.join(struct.pack('>H', len(e)) + e for e in entries)


class Session:
    """One connection, in the middle of a handler."""

    def __init__(self, peer, tls):
        self.peer = peer
        self.tls = tls
        self.buffer = b''
        self.puts = {}          # id: [path, content or None after an error]
        self.chain_broken = False

    def send_bytes(self, data):
        self.tls.sendall(data)

    def send(self, type_, id_, payload=b'', **odd):
        self.send_bytes(ftwire.encode_frame(type_, id_, payload, **odd))

    def ok(self, frame, **fields):
        self.send('OK', frame.id, fields)

    def error(self, id_, code, text, class_=0, **fields):
        self.chain_broken = True
        self.send('ERROR', id_, {'CODE': ftwire.CODES.index(code),
                                 'CLASS': class_, 'TEXT': text, **fields})

    def receive(self):
        while True:
            frame, self.buffer = ftwire.decode_frame(self.buffer)
            if frame is not None:
                return frame
            data = self.tls.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data

    def serve(self):
        while True:
            frame = self.receive()
            self.peer.seen.append(frame)
            if self.skips(frame):
                continue
            self.peer.on[frame.name](self, frame)

    def skips(self, frame):
        if not 0x10 <= frame.type <= 0x5f or frame.name in ('COMMIT', 'ABORT'):
            return False
        if not frame.flags & ftwire.CHAINED:
            self.chain_broken = False
        if not self.chain_broken:
            return False
        if frame.name == 'PUT':
            self.puts[frame.id] = [None, None]
        self.error(frame.id, 'skipped', 'skipped')
        return True

    def receipt(self, id_, content):
        self.send('OK', id_, {
            'SIZE': len(content), 'VERSION_NOW': VERSION, 'UPLOAD': b'u' * 16,
            'DIGEST': ftwire.digest(content), 'TIME': TIME})

    def begin(self, frame, size):
        self.send('BEGUN', frame.id, {'SIZE': size, 'MODE': 0o644,
                                      'MTIME': TIME, 'VERSION_NOW': VERSION})

    def data(self, frame, offset, content):
        self.send('DATA', frame.id, struct.pack('>Q', offset) + content)

    def end(self, frame, size, digest):
        self.send('OK', frame.id, {'SIZE': size, 'VERSION_NOW': VERSION,
                                   'DIGEST': digest})

    def cut(self):
        """Gone without a word."""
        self.tls.shutdown(socket.SHUT_RDWR)
        raise EOFError


class Peer:
    """Listens on loopback; a thread serves each connection."""

    def __init__(self, folder, files=None, certificate=None, alpn='ft/1',
                 password='correct horse'):
        self.files = dict(files or {})
        self.folders = set()
        self.password = password.encode()
        self.seen = []
        self.errors = []
        self.connections = 0
        self.cert, self.key = certificate or make_certificate(folder)
        self.pin = pin_of(self.key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.cert, self.key)
        if alpn:
            self.context.set_alpn_protocols([alpn])
        self.on = {
            'HELLO': lambda s, f: s.send('HELLO', 0, HELLO),
            'LOGIN': self.login, 'LIST': self.list, 'GET': self.get,
            'PUT': self.put, 'DATA': self.data, 'COMMIT': self.commit,
            'ABORT': self.abort, 'RM': self.rm, 'STAT': self.stat,
            'CANCEL': lambda s, f: None,
            'PWD': lambda s, f: s.ok(f, PATH='/'),
            'CD': lambda s, f: s.ok(f, PATH=f.fields['PATH']),
        }

    def __enter__(self):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()
        return self

    def close(self):
        """Take no more connections."""
        if self.listener.fileno() != -1:
            self.listener.shutdown(socket.SHUT_RDWR)
            # Else accept could take up whoever gets the descriptor next.
            self.threads[0].join(60)
            self.listener.close()

    def __exit__(self, *_):
        self.close()
        for thread in self.threads:
            thread.join(60)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                connection.settimeout(60)
                thread = threading.Thread(target=self.greet,
                                          args=(connection,), daemon=True)
                self.threads.append(thread)
                thread.start()

    def greet(self, connection):
        with connection, contextlib.suppress(OSError, EOFError):
            with self.context.wrap_socket(connection, server_side=True) as tls:
                try:
                    Session(self, tls).serve()
                except (OSError, EOFError):
                    raise
                except BaseException as error:
                    self.errors.append(error)
                    raise

    def names(self, name):
        return [frame for frame in self.seen if frame.name == name]

    # --- honest answers ---

    def login(self, session, frame):
        if frame.fields['RESPONSE'] != self.password:
            session.error(frame.id, 'login-refused', 'login refused', 4)
            return
        session.ok(frame, TICKET=b't', TICKET_SECONDS=600, DURABILITY=0)

    def list(self, session, frame):
        entries = [entry(name, len(content))
                   for name, content in self.files.items()]
        session.send('ENTRIES', frame.id, row(*entries))
        session.ok(frame, COUNT=len(entries))

    def stat(self, session, frame):
        name = frame.fields['PATH']
        if name in self.files:
            session.ok(frame, ENTRY=entry(name, len(self.files[name])))
        else:
            session.error(frame.id, 'not-found', 'no such file')

    def rm(self, session, frame):
        if self.files.pop(frame.fields['PATH'], None) is None:
            session.error(frame.id, 'not-found', 'no such file')
        else:
            session.ok(frame)

    def get(self, session, frame):
        content = self.files.get(frame.fields['PATH'])
        if content is None:
            session.error(frame.id, 'not-found', 'no such file')
            return
        session.begin(frame, len(content))
        for at in range(0, len(content), ftwire.DATA_BYTES):
            session.data(frame, at, content[at:at + ftwire.DATA_BYTES])
        session.end(frame, len(content), ftwire.digest(content))

    def put(self, session, frame):
        path = frame.fields['PATH']
        session.puts[frame.id] = [path, bytearray()]
        if path in self.folders:
            session.puts[frame.id][1] = None
            session.error(frame.id, 'is-a-folder', 'is a folder')
        elif 'SIZE' not in frame.fields or frame.fields['SIZE'] > 1048576:
            session.send('BEGUN', frame.id, {'UPLOAD': b'u' * 16})

    def data(self, session, frame):
        content = session.puts[frame.id][1]
        if content is not None:
            offset, = struct.unpack_from('>Q', frame.payload)
            assert offset >= len(content)
            content.extend(bytes(offset - len(content)))
            content += frame.payload[8:]

    def commit(self, session, frame):
        path, content = session.puts.pop(frame.id)
        if content is None:
            return
        content.extend(bytes(frame.fields['SIZE'] - len(content)))
        assert frame.fields['DIGEST'] == ftwire.digest(content)
        self.files[path] = bytes(content)
        session.receipt(frame.id, content)

    def abort(self, session, frame):
        _, content = session.puts.pop(frame.id)
        if content is not None:
            session.error(frame.id, 'cancelled', 'cancelled')
