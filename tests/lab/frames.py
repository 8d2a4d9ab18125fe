# SPDX-License-Identifier: BSD-3-Clause
"""Ethernet, IP and UDP made and read by hand, wrong wherever a test wants them wrong."""

import socket
import struct

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPV6 = 0x86DD
ETHERTYPE_VLAN = 0x8100
ETHERTYPE_PROVIDER = 0x88A8


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ones_sum(data):
    """The Internet checksum's sum of 16-bit words, folded (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def checksum(data):
    return ~ones_sum(data) & 0xFFFF


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def udp_checksum(source, target, datagram):
    pseudo = packed(source) + packed(target)  # over IPv6 the fields are wider, the sum is the same
    pseudo += struct.pack("!BBH", 0, socket.IPPROTO_UDP, len(datagram))
    return checksum(pseudo + datagram) or 0xFFFF


def begun_checksum(source, target, length):
    """What a sender leaves in the field for its device to complete: the pseudo header's sum."""
    pseudo = packed(source) + packed(target)
    return ones_sum(pseudo + struct.pack("!BBH", 0, socket.IPPROTO_UDP, length))


def udp(source, target, source_port, target_port, payload, *, length=None, check=None):
    """A UDP datagram; `length` and `check` replace the right ones."""
    length = 8 + len(payload) if length is None else length
    head = struct.pack("!HHHH", source_port, target_port, length, 0)
    if check is None:
        check = udp_checksum(source, target, head + payload)
    return head[:6] + struct.pack("!H", check) + payload


def ipv4(source, target, payload, *, ihl=None, total=None, check=None, version=4, options=b"",
         protocol=socket.IPPROTO_UDP, fragment=0x4000):
    """An IPv4 packet; the keywords replace the right values. Options come in multiples of 4."""
    ihl = 5 + len(options) // 4 if ihl is None else ihl
    total = 20 + len(options) + len(payload) if total is None else total
    head = struct.pack("!BBHHHBBH4s4s", version << 4 | ihl, 0, total, 0x1234, fragment, 64,
                       protocol, 0, socket.inet_aton(source), socket.inet_aton(target))
    head += options
    check = checksum(head) if check is None else check
    return head[:10] + struct.pack("!H", check) + head[12:] + payload


def ipv6(source, target, payload, *, kind=socket.IPPROTO_UDP, length=None):
    """An IPv6 packet; `kind` is of what the payload begins with, `length` replaces the right one."""
    length = len(payload) if length is None else length
    head = struct.pack("!IHBB", 6 << 28, length, kind, 64)
    return head + packed(source) + packed(target) + payload


def ethernet(source, target, payload, ethertype=ETHERTYPE_IPV4, *, tags=()):
    """`tags` are VLAN tags, outermost first, as (type, tag)."""
    for tpid, tag in reversed(tags):
        payload = struct.pack("!HH", tag, ethertype) + payload
        ethertype = tpid
    return mac(target) + mac(source) + struct.pack("!H", ethertype) + payload


def behind_tags(frame):
    """VLAN tags, as (type, tag), and where what they carry begins, behind its type."""
    tags, offset = [], 14
    while frame[offset - 2:offset] in (b"\x81\x00", b"\x88\xa8"):
        tags.append(struct.unpack("!HH", frame[offset - 2:offset + 2]))
        offset += 4
    return tags, offset


class Datagram:
    """A UDP datagram as it was seen on the wire, with what is wrong about it."""

    def __init__(self, frame):
        self.frame = frame
        self.target_mac, self.source_mac = frame[0:6], frame[6:12]
        self.tags, offset = behind_tags(frame)
        ip = frame[offset:]
        addresses = self._read_ipv4(ip) if ip[0] >> 4 == 4 else self._read_ipv6(ip)
        self.padding = ip[self.total:]
        datagram = ip[self.ihl:self.total]
        self.source_port, self.target_port, self.length, self.check = struct.unpack(
            "!HHHH", datagram[:8])
        self.payload = datagram[8:self.length]
        pseudo = addresses + struct.pack("!BBH", 0, socket.IPPROTO_UDP, len(datagram))
        self.begun_check = ones_sum(pseudo)
        self.is_udp_sum_right = ones_sum(pseudo + datagram) == 0xFFFF

    def _read_ipv4(self, ip):
        self.ihl = (ip[0] & 15) * 4
        self.total = struct.unpack("!H", ip[2:4])[0]
        self.source, self.target = socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20])
        self.is_ip_sum_right = ones_sum(ip[:self.ihl]) == 0xFFFF
        return ip[12:20]

    def _read_ipv6(self, ip):
        self.ihl = 40
        self.total = 40 + struct.unpack("!H", ip[4:6])[0]
        self.source, self.target = (socket.inet_ntop(socket.AF_INET6, ip[at:at + 16])
                                    for at in (8, 24))
        return ip[8:40]

    @staticmethod
    def is_one(frame):
        _, offset = behind_tags(frame)
        kind, ip = frame[offset - 2:offset], frame[offset:]
        if kind == b"\x08\x00":
            return len(ip) >= 28 and ip[0] >> 4 == 4 and ip[9] == socket.IPPROTO_UDP
        return kind == b"\x86\xdd" and len(ip) >= 48 and ip[6] == socket.IPPROTO_UDP


def arp_request(source_mac, source, target):
    body = struct.pack("!HHBBH6s4s6s4s", 1, ETHERTYPE_IPV4, 6, 4, 1, mac(source_mac),
                       socket.inet_aton(source), bytes(6), socket.inet_aton(target))
    return ethernet(source_mac, "ff:ff:ff:ff:ff:ff", body, ETHERTYPE_ARP)
