#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""ft-protocol(7) says what the codec does: its example decodes to its text."""

import re
import unittest

import ftlib
import ftwire

PAGE = ftlib.SOURCE / 'man' / 'ft-protocol.7'
PER_LINE = 12
OCTAL = {'MODE'}
OPAQUE = {'VERSION_NOW', 'DIGEST', 'UPLOAD', 'TICKET', 'IF_VERSION'}
KINDS = {'f': 'file', 'd': 'folder', 'l': 'symlink', 'o': 'other'}


def quote(data):
    return '"' + data.decode().replace('\n', '\\n') + '"'


def say_value(name, value):
    if name in OPAQUE:
        return f'{len(value)} bytes'
    if isinstance(value, bytes):
        return quote(value)
    if name == 'VERSIONS':
        return f'{value[0]} to {value[1]}'
    if name in ('MTIME', 'TIME'):
        return f'{value[0]} s, {value[1]} ns'
    if name == 'CODE':
        return f'{value}, {ftwire.CODES[value]}'
    if name == 'CLASS':
        return f'{value}, {ftwire.CLASSES[value]}'
    return f'{value:04o}' if name in OCTAL else str(value)


def explain_fields(payload):
    for name, value in ftwire.decode_fields(payload).items():
        yield (ftwire.encode_field(name, value),
               f'{name} {say_value(name, value)}')


def explain_data(payload):
    yield payload[:8], f'offset {int.from_bytes(payload[:8], "big")}'
    yield payload[8:], quote(payload[8:])


def explain_entries(payload):
    for entry in ftwire.decode_entries(payload):
        size = ftwire.ENTRY.size + len(entry.name)
        row, payload = payload[:2 + size], payload[2 + size:]
        yield row[:2], f'an entry of {size} bytes'
        yield row[2:14], (f'{KINDS[entry.type]}, mode {entry.mode:04o}, '
                          f'size {entry.size}')
        yield row[14:26], f'mtime {entry.mtime} s, {entry.mtime_ns} ns'
        yield row[26:42], 'version'
        yield row[42:], f'name of {len(entry.name)} bytes: {quote(entry.name)}'


def explain(frame, header):
    """Bytes of the frame, and what they mean."""
    flags = [word for bit, word in ((ftwire.CHAINED, 'CHAINED'),
                                    (ftwire.NOW, 'NOW')) if frame.flags & bit]
    yield header, ', '.join([frame.name, f'{len(frame.payload)} bytes',
                             f'id {frame.id}', *flags])
    yield from {'DATA': explain_data, 'ENTRIES': explain_entries}.get(
        frame.name, explain_fields)(frame.payload)


def annotate(side, data):
    """The lines of the page for one frame, sent by 'C' or 'S'."""
    frame, rest = ftwire.decode_frame(data)
    assert rest == b''
    mark, lines = side, []
    for part, text in explain(frame, data[:ftwire.HEADER.size]):
        for at in range(0, len(part), PER_LINE):
            row = part[at:at + PER_LINE].hex(' ')
            lines.append(f'{mark} {row:35} | {text}'.rstrip(' |')
                         if text else f'{mark} {row}')
            mark, text = ' ', ''
    return lines


def page_text():
    return PAGE.read_text()


def example():
    """The frames of the page's example: side, bytes, lines."""
    frames = []
    for line in page_text().splitlines():
        line = line.replace('\\e', '\\')
        if match := re.fullmatch(r'([CS ]) ((?:[0-9a-f]{2} ?)+)( *\|.*)?', line):
            if match[1] != ' ':
                frames.append((match[1], bytearray(), []))
            frames[-1][1].extend(bytes.fromhex(match[2]))
            frames[-1][2].append(line)
    return frames


class Page(unittest.TestCase):
    def test_the_example_decodes_to_its_text(self):
        self.assertGreater(len(example()), 12)
        for side, data, lines in example():
            self.assertEqual(annotate(side, bytes(data)), lines)

    def test_the_example_has_both_sides_of_what_it_explains(self):
        names = {(side, ftwire.decode_frame(data)[0].name)
                 for side, data, _ in example()}
        for expected in ('C HELLO', 'S HELLO', 'C LOGIN', 'C PUT', 'C DATA',
                         'C COMMIT', 'C GET', 'S BEGUN', 'S DATA', 'C LIST',
                         'S ENTRIES', 'S OK', 'S ERROR'):
            self.assertIn(tuple(expected.split()), names)

    def test_the_digests_of_the_example_are_those_of_its_content(self):
        content, checked = b'', 0
        for _, data, _ in example():
            frame, _ = ftwire.decode_frame(data)
            if frame.name == 'DATA':
                content = frame.payload[8:]
            elif frame.name in ('COMMIT', 'OK') and 'DIGEST' in frame.fields:
                self.assertEqual(frame.fields['DIGEST'],
                                 ftwire.digest(content))
                self.assertEqual(frame.fields['SIZE'], len(content))
                checked += 1
        self.assertEqual(checked, 3)

    def test_the_test_vectors_of_the_digest_are_right(self):
        found = dict(re.findall(r'^\.It Li ([0-9a-f]{32})\n(.*)$',
                                page_text(), re.M))
        self.assertEqual(found, {
            ftwire.digest(b'').hex(): 'no content',
            ftwire.digest(b'hello\n').hex():
                'the 6 bytes of the example below',
            ftwire.digest(bytes(ftwire.MIB + 1)).hex():
                '1,048,577 bytes of zero',
            ftwire.digest(b'a' * 3, ftwire.MIB - 1).hex():
                'three letters a at offset 1,048,575: pieces of 1 and 2 bytes',
        })

    def table(self, pattern, after='.Ss Frames'):
        text = page_text().partition(after)[2]
        return {match[2]: int(match[1], 0)
                for match in re.finditer(pattern, text, re.M)}

    def test_its_table_of_types_is_the_codec_s(self):
        self.assertEqual(self.table(r'^\.It Li (0x[0-9a-f]{2}) Ta (\w+) '),
                         ftwire.TYPES)

    def test_its_table_of_fields_is_the_codec_s(self):
        self.assertEqual(self.table(r'^\.It Li (0x[0-9a-f]{4}) Ta (\w+) '),
                         {name: tag for name, (tag, _) in ftwire.TAGS.items()})

    def test_its_table_of_codes_is_the_one_of_the_programs(self):
        page = self.table(r'^\.It (\d+) Ta ([a-z-]+) Ta ', 'The codes:')
        self.assertEqual(page, {
            word: code for code, word in enumerate(ftwire.CODES) if code})
        header = (ftlib.SOURCE / 'src/common/status.h').read_text()
        programs = {word.lower().replace('_', '-'): int(code)
                    for word, code in re.findall(r'STATUS_(\w+) = (\d+),',
                                                 header) if int(code) < 256}
        self.assertEqual(dict(page, ok=0), programs)


if __name__ == '__main__':
    ftlib.main()
