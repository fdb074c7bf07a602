#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Quotas: never over, by whatever comes together; counts outlive a crash."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time

import ftlib
import ftwire

KIB = 1024
MIB = 1024 * KIB


class Quota(ftlib.Test):
    def start(self, keys, sections=None, **users):
        self.setup = self.set_up(sections=sections, users={
            'ann': f'root=/ann,{keys}', 'root': '', **users})
        for name in ('ann', 'box'):
            (self.setup.root / name).mkdir()
            if self.setup.account:
                shutil.chown(self.setup.root / name, self.setup.account)
        self.server = self.serve(self.setup)

    def wire(self, user='ann', server=None):
        return (server or self.server).wire(user=user)

    def used(self, wire, path='/'):
        answer = wire.call('DF', {'PATH': path})
        return answer.get('QUOTA_USED'), answer.get('QUOTA_FILES_USED')

    def on_disk(self, name='ann'):
        """What is there by looking: bytes of files, and names."""
        size = count = 0
        for folder, folders, files in os.walk(self.server.path(name)):
            count += len(folders) + len(files)
            size += sum(os.path.getsize(os.path.join(folder, file))
                        for file in files)
        return size, count

    def counts_agree(self, wire, path='/', name='ann'):
        for used, there in zip(self.used(wire, path), self.on_disk(name)):
            self.assertIn(used, (there, None))

    def test_what_does_not_fit_is_refused_and_harms_nothing(self):
        self.start('quota_bytes=100K,quota_files=3')
        with self.wire() as wire:
            wire.put('a', bytes(60 * KIB))
            self.assertRefused('quota', wire.put, 'b', bytes(60 * KIB))
            wire.put('b', bytes(40 * KIB))
            self.assertRefused('quota', wire.put, 'c', b'x')
            # Others have room.
            wire.put('c', b'')
            self.assertRefused('quota', wire.put, 'd', b'')
            self.assertRefused('quota', wire.call, 'MKDIR', {'PATH': 'd'})
            self.counts_agree(wire)
            self.assertEqual(self.used(wire), (100 * KIB, 3))
            wire.call('RM', {'PATH': 'a'})
            wire.put('d', bytes(60 * KIB))
            self.counts_agree(wire)

    def test_what_can_never_fit_is_refused_for_good_at_once(self):
        self.start('quota_bytes=2M')
        with self.wire() as wire:
            id_ = wire.ask('PUT', {'PATH': 'a', 'SIZE': 3 * MIB})
            refused = self.assertRefused('too-large', wire.answer, id_)
            self.assertEqual(refused.error_class, 'permanent')
            wire.send('COMMIT', id_, ftwire.encode_fields(
                {'SIZE': 0, 'DIGEST': ftwire.digest(b'')}))
            refused = self.assertRefused('quota', wire.put, 'b',
                                         bytes(3 * MIB), announce=False)
            self.assertEqual(refused.error_class, 'quota')
        self.assertEqual(self.on_disk(), (0, 0))

    def test_the_client_shows_it_and_says_to_try_again(self):
        self.start('quota_bytes=1K,quota_files=10')
        self.server.user = 'ann'
        self.write('half', bytes(600))
        self.server.client('put', 'half', cwd=self.folder)
        self.server.client('put', 'half', 'other', cwd=self.folder,
                           code=ftlib.EX_TEMPFAIL)
        shown = self.server.client('df').stdout.decode()
        self.assertIn('quota bytes: 600 of 1024\n', shown)
        self.assertIn('quota files: 1 of 10\n', shown)

    def test_a_link_that_is_there_needs_no_room(self):
        self.start('quota_files=1')
        link = {'PATH': 'l', 'LINK': b'x'}
        with self.wire() as wire:
            wire.call('SYMLINK', link)
            wire.call('SYMLINK', link)
            for fields in ({**link, 'IF_ABSENT': b''},
                           {**link, 'LINK': b'y'}, {**link, 'PATH': 'm'}):
                self.assertRefused('quota', wire.call, 'SYMLINK', fields)
            self.assertEqual(self.used(wire)[1], 1)

    def test_all_verbs_count(self):
        self.start('quota_bytes=10K,quota_files=6')
        with self.wire() as wire:
            wire.put('a', bytes(1000))
            wire.put('a', bytes(300))
            self.counts_agree(wire)
            wire.call('MKDIR', {'PATH': 'd'})
            wire.call('CP', {'PATH': 'a', 'TARGET': 'd/b'})
            wire.call('TOUCH', {'PATH': 'd/c'})
            self.counts_agree(wire)
            wire.call('MV', {'PATH': 'd/b', 'TARGET': 'd/c'})
            self.counts_agree(wire)
            wire.call('TRUNCATE', {'PATH': 'a', 'SIZE': 9000})
            self.counts_agree(wire)
            self.assertRefused('quota', wire.call, 'TRUNCATE',
                               {'PATH': 'a', 'SIZE': 10000})
            self.assertRefused('quota', wire.call, 'CP',
                               {'PATH': 'a', 'TARGET': 'x'})
            wire.call('TRUNCATE', {'PATH': 'a', 'SIZE': 10})
            self.counts_agree(wire)
            wire.call('RM', {'PATH': 'd', 'RECURSIVE': b''})
            self.counts_agree(wire)
            self.assertEqual(self.used(wire), (10, 1))

    def patiently(self, put, wire, name):
        """Try again while it is said to be busy, as clients do."""
        while True:
            try:
                return put(wire, name)
            except ftwire.Refused as refused:
                if refused.code != 'busy':
                    raise
            time.sleep(0.05)

    def race(self, put, *servers):
        """50 uploads at once; how many went well."""
        good, odd = [], []
        go = threading.Barrier(50)

        def one(i):
            with self.wire(server=servers[i % len(servers)]) as wire:
                go.wait()
                try:
                    self.patiently(put, wire, f'f{i}')
                    good.append(i)
                except ftwire.Refused as refused:
                    if refused.code != 'quota':
                        odd.append(refused)
        threads = [threading.Thread(target=one, args=(i,)) for i in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(odd, [])
        return len(good)

    def test_fifty_uploads_at_once_are_never_over(self):
        self.start('quota_bytes=1M')
        good = self.race(lambda wire, name: wire.put(name, bytes(100 * KIB)),
                         self.server)
        self.assertEqual(good, 10)
        with self.wire() as wire:
            self.counts_agree(wire)

    def test_fifty_of_unknown_size_are_never_over(self):
        self.start('quota_bytes=4M')
        good = self.race(lambda wire, name: wire.put(
            name, bytes(400 * KIB), announce=False), self.server)
        self.assertLessEqual(good, 10)
        self.assertLessEqual(self.on_disk()[0], 4 * MIB)
        with self.wire() as wire:
            self.counts_agree(wire)
            # What the losers had reserved is free again.
            while good < 10:
                wire.put(f'more{good}', bytes(400 * KIB))
                good += 1
            self.assertRefused('quota', wire.put, 'last', bytes(400 * KIB))

    def test_replacing_together_is_never_over(self):
        self.start('quota_bytes=1M')
        with self.wire() as wire:
            wire.put('f', bytes(900 * KIB))
        self.race(lambda wire, name: wire.put(
            'f' if int(name[1:]) % 2 else name, bytes(200 * KIB)),
            self.server)
        self.assertLessEqual(self.on_disk()[0], MIB)
        with self.wire() as wire:
            self.counts_agree(wire)

    def test_two_servers_on_one_base_share_a_quota(self):
        self.start('quota_bytes=1M')
        second = self.serve(self.setup)
        good = self.race(lambda wire, name: wire.put(name, bytes(100 * KIB)),
                         self.server, second)
        # What comes while the second one counts at its start is taken for
        # more rather than less, until it has counted once more.
        self.assertLessEqual(good, 10)
        self.assertEqual(self.on_disk(), (good * 100 * KIB, good))
        with self.wire() as one, self.wire(server=second) as two:
            for wire in (one, two):
                ftlib.wait_until('the counts agree', lambda: self.used(
                    wire)[0] == good * 100 * KIB)
            for i in range(good, 10):
                one.put(f'more{i}', bytes(100 * KIB))
            self.assertRefused('quota', two.put, 'last', bytes(100 * KIB))
            self.counts_agree(one)
            self.counts_agree(two)

    def test_a_share_has_a_quota_for_all_together(self):
        self.start('', sections={'share box': {
            'path': '/box', 'allow': ['@all:full'], 'quota_bytes': '100K'}},
            bob='root=/box')
        with self.wire() as ann, self.wire(user='root') as root:
            ann.put('/box/a', bytes(60 * KIB))
            self.assertRefused('quota', root.put, '/box/b', bytes(60 * KIB))
            self.assertEqual(self.used(ann, '/box')[0], 60 * KIB)
            # Also for those who come to the folder by another way.
            with self.wire(user='bob') as bob:
                self.assertRefused('quota', bob.put, 'c', bytes(60 * KIB))
                bob.call('RM', {'PATH': 'a'})
            root.put('/box/b', bytes(60 * KIB))

    def test_a_bound_that_is_taken_off_is_off(self):
        self.start('quota_bytes=1K')
        with self.wire() as wire:
            self.assertRefused('too-large', wire.put, 'a', bytes(2 * KIB))
            subprocess.run([ftlib.program('ftuser'), '-f',
                            self.setup.user_file, 'set', 'ann',
                            'quota_bytes=2M'], check=True)
            wire.put('a', bytes(2 * KIB))
            subprocess.run([ftlib.program('ftuser'), '-f',
                            self.setup.user_file, 'set', 'ann',
                            'quota_bytes='], check=True)

            def is_free():
                try:
                    return wire.put('b', bytes(3 * MIB))
                except ftwire.Refused:
                    return False
            ftlib.wait_until('there is no bound', is_free)

    def test_what_was_there_before_counts(self):
        self.start('quota_bytes=100K')
        self.server.write('ann/old', bytes(70 * KIB))
        with self.wire() as wire:
            self.assertRefused('quota', wire.put, 'new', bytes(60 * KIB))
            self.counts_agree(wire)

    def test_a_killed_server_leaves_no_promise(self):
        self.start('quota_bytes=10M')
        wire = self.wire()
        wire.put('small', bytes(KIB))
        id_ = wire.ask('PUT', {'PATH': 'big', 'SIZE': 9 * MIB})
        wire.send_data(id_, 0, bytes(100 * KIB))
        self.assertEqual(wire.receive().name, 'BEGUN')
        with self.wire() as other:
            self.assertRefused('quota', other.put, 'probe', bytes(2 * MIB),
                               announce=False)
        os.kill(self.server.worker, signal.SIGKILL)
        wire.cut()
        with self.wire() as again:
            for upload in again.uploads():
                again.call('DISCARD', {'UPLOAD': upload})

        def is_free():
            with self.wire() as again:
                return self.used(again)[0] == KIB
        ftlib.wait_until('it is counted again', is_free)
        with self.wire() as again:
            again.put('big', bytes(9 * MIB))
            self.counts_agree(again)

    # --- at every moment ---

    def never_over(self, is_over, size, count):
        """Look at what is there until `is_over`."""
        last = False
        while not last:
            last = is_over()
            for seen, bound in zip(self.on_disk(), (size, count)):
                self.assertLessEqual(seen, bound)

    def client_race(self, size, bounds, stream=False):
        """50 real clients at once; their exit codes, sorted."""
        self.write('local', bytes(size))
        self.server.user = 'ann'
        clients = []
        for i in range(50):
            with open(self.folder / 'local', 'rb') as local:
                clients.append(self.server.start_client(
                    'put', '-' if stream else 'local', f'f{i}', stdin=local,
                    cwd=self.folder, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL))
        self.never_over(lambda: all(client.poll() is not None
                                    for client in clients), *bounds)
        return sorted(client.wait() for client in clients)

    def test_fifty_clients_are_never_over_in_bytes(self):
        self.start('quota_bytes=1M')
        codes = self.client_race(100 * KIB, (MIB, 50))
        self.assertEqual(codes, [ftlib.OK] * 10 + [ftlib.EX_TEMPFAIL] * 40)
        with self.wire() as wire:
            self.counts_agree(wire)

    def test_fifty_clients_are_never_over_in_files(self):
        self.start('quota_files=7')
        codes = self.client_race(10, (MIB, 7))
        self.assertEqual(codes, [ftlib.OK] * 7 + [ftlib.EX_TEMPFAIL] * 43)
        with self.wire() as wire:
            self.counts_agree(wire)

    def test_fifty_clients_of_unknown_size_are_never_over(self):
        self.start('quota_bytes=5M')
        codes = self.client_race(300 * KIB, (5 * MIB, 50), stream=True)
        self.assertEqual(set(codes), {ftlib.OK, ftlib.EX_TEMPFAIL})
        self.assertLessEqual(codes.count(ftlib.OK), 17)
        with self.wire() as wire:
            self.counts_agree(wire)

    def put_or_lose(self, wire, name):
        try:
            wire.put(name, bytes(90 * KIB))
        except (OSError, ftwire.Refused, ftwire.Cut):
            pass
        finally:
            wire.cut()

    def test_a_server_killed_in_the_race_counts_right_again(self):
        self.start('quota_bytes=1M')
        threads = [threading.Thread(target=self.put_or_lose,
                                    args=(self.wire(), f'f{i}'))
                   for i in range(20)]
        for thread in threads:
            thread.start()
        ftlib.wait_until('something has come', lambda: self.on_disk()[1])
        os.kill(self.server.worker, signal.SIGKILL)
        self.never_over(lambda: not any(thread.is_alive()
                                        for thread in threads), MIB, 20)
        for thread in threads:
            thread.join()

        def agrees():
            with self.wire() as wire:
                return self.used(wire)[0] == self.on_disk()[0]
        ftlib.wait_until('it is counted again', agrees)
        # And all of the room is there.
        left = MIB - self.on_disk()[0]
        with self.wire() as wire:
            self.assertRefused('quota', wire.put, 'more', bytes(left + 1))
            wire.put('more', bytes(left))
            self.counts_agree(wire)

    def counts(self):
        folder = self.server.root / '.ftserver/quota'
        return [folder / name for name in os.listdir(folder)]

    def test_a_count_that_is_lost_while_serving_is_made_anew(self):
        self.start('quota_bytes=1M')
        with self.wire() as wire:
            wire.put('first', bytes(KIB))

        def put(wire, name):
            if int(name[1:]) % 10 == 5:
                for path in self.counts():
                    with contextlib.suppress(FileNotFoundError), \
                            open(path, 'r+b') as file:
                        file.write(b'junk' * 1000)
            elif int(name[1:]) % 10 == 6:
                for path in self.counts():
                    path.unlink(missing_ok=True)
            wire.put(name, bytes(100 * KIB))
        good = self.race(put, self.server)
        self.assertLessEqual(self.on_disk()[0], MIB)
        with self.wire() as wire:
            ftlib.wait_until('it is counted', lambda:
                             self.used(wire)[0] == self.on_disk()[0])
            for i in range(good, 10):
                wire.put(f'more{i}', bytes(100 * KIB))
            self.assertRefused('quota', wire.put, 'last', bytes(100 * KIB))
            self.counts_agree(wire)

    # --- shares and the root ---

    def test_what_goes_between_share_and_root_is_counted_in_each(self):
        self.start('quota_bytes=100K,quota_files=5', sections={'share box': {
            'path': '/box', 'allow': ['@all:full'], 'quota_bytes': '50K',
            'quota_files': '5'}})
        with self.wire() as wire:
            def agree():
                self.counts_agree(wire)
                self.counts_agree(wire, '/box', 'box')
            wire.put('a', bytes(40 * KIB))
            wire.call('CP', {'PATH': 'a', 'TARGET': '/box/a'})
            agree()
            self.assertRefused('quota', wire.call, 'CP',
                               {'PATH': 'a', 'TARGET': '/box/b'})
            wire.call('CP', {'PATH': '/box/a', 'TARGET': 'b'})
            self.assertRefused('quota', wire.call, 'CP',
                               {'PATH': '/box/a', 'TARGET': 'c'})
            agree()
            wire.call('TRUNCATE', {'PATH': '/box/a', 'SIZE': 5})
            wire.call('MKDIR', {'PATH': '/box/x/y', 'PARENTS': b''})
            wire.call('MV', {'PATH': '/box/a', 'TARGET': '/box/x/y/a'})
            agree()
            id_ = wire.ask('APPEND', {'PATH': '/box/x/y/a'})
            wire.send_data(id_, 0, b'more')
            wire.send('COMMIT', id_, ftwire.encode_fields(
                {'SIZE': 4, 'DIGEST': ftwire.digest(b'more')}))
            wire.answer(id_)
            agree()
            wire.put('/box/b', bytes(50 * KIB - 9))
            self.assertRefused('quota', wire.put, '/box/c', b'1')
            wire.put('/box/b', b'1')
            wire.call('RM', {'PATH': '/box/x', 'RECURSIVE': b''})
            agree()
            self.assertEqual(self.used(wire, '/box'), (1, 1))
            self.assertEqual(self.used(wire), (80 * KIB, 2))

    # --- going on ---

    def send(self, wire, id_, content, first=0):
        for at in range(first, len(content), ftwire.DATA_BYTES):
            wire.send_data(id_, at, content[at:at + ftwire.DATA_BYTES])
        wire.send('COMMIT', id_, ftwire.encode_fields(
            {'SIZE': len(content), 'DIGEST': ftwire.digest(content)}))
        return wire.answer(id_)

    def test_a_spent_quota_keeps_an_upload_until_there_is_room(self):
        self.start('quota_bytes=4M')
        content = os.urandom(3 * MIB)
        with self.wire() as wire:
            wire.put('old', bytes(2 * MIB))
            id_ = wire.ask('PUT', {'PATH': 'new'})
            upload = wire.receive().fields['UPLOAD']
            refused = self.assertRefused('quota', self.send, wire, id_,
                                         content)
            self.assertEqual(refused.error_class, 'quota')
            self.assertEqual(self.on_disk(), (2 * MIB, 1))
            wire.call('RM', {'PATH': 'old'})
            id_ = wire.ask('PUT', {'UPLOAD': upload})
            self.assertEqual(wire.receive().name, 'HAVE')
            self.assertEqual(wire.receive().name, 'BEGUN')
            # The first MiB is held, and is not sent again.
            self.send(wire, id_, content, MIB)
            self.counts_agree(wire)
        self.assertEqual(self.server.read('ann/new'), content)

    def cut_off(self, name, **fields):
        """Cut an upload off after 3 MiB of it; its id."""
        wire = self.wire()
        id_ = wire.ask('PUT', {'PATH': name, **fields})
        upload = wire.receive().fields['UPLOAD']
        for at in range(0, 3 * MIB, ftwire.DATA_BYTES):
            wire.send_data(id_, at, bytes(range(256)) *
                           (ftwire.DATA_BYTES // 256))
        self.wait_kept(wire, upload)
        wire.cut()
        return upload

    def wait_kept(self, wire, upload):
        def has_come():
            with self.wire() as other:
                return other.uploads()[upload][0] == 3 * MIB
        ftlib.wait_until('all of it has come', has_come)

    def wait_used(self, size):
        def is_counted():
            with self.wire() as wire:
                return self.used(wire)[0] == size
        ftlib.wait_until(f'{size} bytes are counted', is_counted)

    def test_what_is_kept_of_an_upload_takes_room_until_it_is_given_up(self):
        self.start('quota_bytes=5M')
        upload = self.cut_off('big', SIZE=4 * MIB)
        self.wait_used(3 * MIB)
        with self.wire() as wire:
            refused = self.assertRefused('quota', wire.put, 'more',
                                         bytes(3 * MIB))
            self.assertIn('unfinished uploads', refused.text)
            wire.put('less', bytes(MIB))
            wire.call('DISCARD', {'UPLOAD': upload})
        self.wait_used(MIB)
        with self.wire() as wire:
            wire.put('more', bytes(3 * MIB))
            self.counts_agree(wire)

    def test_what_is_kept_does_not_stand_in_its_own_way(self):
        self.start('quota_bytes=5M')
        upload = self.cut_off('big', SIZE=4 * MIB)
        self.wait_used(3 * MIB)
        with self.wire() as wire:
            id_ = wire.ask('PUT', {'UPLOAD': upload})
            self.assertEqual(wire.receive().name, 'HAVE')
            self.assertEqual(wire.receive().name, 'BEGUN')
            content = bytes(range(256)) * (3 * MIB // 256) + bytes(MIB)
            self.send(wire, id_, content, 3 * MIB)
        self.wait_used(4 * MIB)
        self.assertEqual(self.server.read('ann/big'), content)

    def test_what_is_kept_of_a_folder_as_one_takes_room(self):
        self.start('quota_bytes=5M')
        wire = self.wire()
        begun, _ = wire.answer(wire.ask('TREE', {'PATH': 'all'}))
        tree = begun.fields['UPLOAD']
        wire.call('MKDIR', {'PATH': 'a', 'TREE': tree})
        wire.put('a/whole', bytes(2 * MIB), TREE=tree)
        wire.cut()
        self.wait_used(2 * MIB)
        with self.wire() as other:
            self.assertRefused('quota', other.put, 'more', bytes(4 * MIB))
            other.call('DISCARD', {'UPLOAD': tree})
        self.wait_used(0)

    def cut_folder_off(self, **fields):
        """Cut a folder off, 3 MiB into its member; the ids of both."""
        wire = self.wire()
        begun, _ = wire.answer(wire.ask('TREE', {'PATH': 'all', **fields}))
        tree = begun.fields['UPLOAD']
        wire.put('whole', bytes(MIB), TREE=tree)
        id_ = wire.ask('PUT', {'PATH': 'big', 'SIZE': 6 * MIB, 'TREE': tree})
        member = wire.receive().fields['UPLOAD']
        for at in range(0, 3 * MIB, ftwire.DATA_BYTES):
            wire.send_data(id_, at, bytes(range(256)) *
                           (ftwire.DATA_BYTES // 256))
        stage = self.server.root / '.ftserver/stage' / member.hex()
        ftlib.wait_until('all of it has come',
                         lambda: stage.stat().st_blocks == 3 * MIB // 512)
        wire.cut()
        self.wait_used(4 * MIB)
        return tree, member

    def test_a_folder_s_cut_member_does_not_stand_in_its_way(self):
        self.start('quota_bytes=10M')
        tree, member = self.cut_folder_off(SIZE=8 * MIB)
        content = bytes(range(256)) * (3 * MIB // 256) + bytes(3 * MIB)
        with self.wire() as wire:
            self.assertEqual(wire.answer(wire.ask(
                'TREE', {'UPLOAD': tree}))[0].name, 'BEGUN')
            id_ = wire.ask('PUT', {'UPLOAD': member, 'TREE': tree})
            while wire.receive().name != 'BEGUN':
                pass
            self.send(wire, id_, content, 3 * MIB)
            wire.call('TREE_COMMIT', {
                'UPLOAD': tree, 'COUNT': 2, 'DIGEST': ftwire.manifest({
                    b'whole': bytes(MIB), b'big': content})})
        self.wait_used(7 * MIB)
        self.assertEqual(self.server.read('ann/all/big'), content)

    def test_a_folder_that_is_taken_up_is_not_counted_twice(self):
        self.start('quota_bytes=10M')
        tree, _ = self.cut_folder_off(SIZE=8 * MIB)
        with self.wire() as wire:
            wire.answer(wire.ask('TREE', {'UPLOAD': tree}))
            # Its cut member has not been gone on with, and yet is its own.
            self.wait_used(0)
            with self.wire() as other:
                other.put('more', bytes(2 * MIB))

    def test_a_large_folder_is_counted_while_others_are_served(self):
        self.start('quota_files=20K')
        for i in range(100):
            folder = self.server.path(f'ann/{i}')
            folder.mkdir(parents=True)
            for name in range(60):
                (folder / str(name)).touch()
        with self.wire() as wire:
            def is_counted():
                try:
                    return wire.put('new', b'new')
                except ftwire.Refused as refused:
                    self.assertEqual(refused.code, 'busy')
                    return False
            ftlib.wait_until('it is counted', is_counted)
            self.counts_agree(wire)


if __name__ == '__main__':
    ftlib.main()
