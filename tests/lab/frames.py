# SPDX-License-Identifier: BSD-3-Clause
"""Ethernet, IPv4 and UDP made and read by hand, wrong wherever a test wants them wrong."""

import socket
import struct

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806


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


def udp_checksum(source, target, datagram):
    pseudo = socket.inet_aton(source) + socket.inet_aton(target)
    pseudo += struct.pack("!BBH", 0, socket.IPPROTO_UDP, len(datagram))
    return checksum(pseudo + datagram) or 0xFFFF


def begun_checksum(source, target, length):
    """What a sender leaves in the field for its device to complete: the pseudo header's sum."""
    pseudo = socket.inet_aton(source) + socket.inet_aton(target)
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


def ethernet(source, target, payload, ethertype=ETHERTYPE_IPV4):
    return mac(target) + mac(source) + struct.pack("!H", ethertype) + payload


class Datagram:
    """An IPv4 UDP datagram as it was seen on the wire, with what is wrong about it."""

    def __init__(self, frame):
        self.frame = frame
        self.target_mac, self.source_mac = frame[0:6], frame[6:12]
        ip = frame[14:]
        self.ihl = (ip[0] & 15) * 4
        self.total = struct.unpack("!H", ip[2:4])[0]
        self.source = socket.inet_ntoa(ip[12:16])
        self.target = socket.inet_ntoa(ip[16:20])
        self.padding = ip[self.total:]
        datagram = ip[self.ihl:self.total]
        self.source_port, self.target_port, self.length, self.check = struct.unpack(
            "!HHHH", datagram[:8])
        self.payload = datagram[8:self.length]
        pseudo = ip[12:20] + struct.pack("!BBH", 0, socket.IPPROTO_UDP, len(datagram))
        self.begun_check = ones_sum(pseudo)
        self.is_ip_sum_right = ones_sum(ip[:self.ihl]) == 0xFFFF
        self.is_udp_sum_right = ones_sum(pseudo + datagram) == 0xFFFF

    @staticmethod
    def is_one(frame):
        return (len(frame) >= 42 and frame[12:14] == b"\x08\x00" and frame[14] >> 4 == 4
                and frame[23] == socket.IPPROTO_UDP)


def arp_request(source_mac, source, target):
    body = struct.pack("!HHBBH6s4s6s4s", 1, ETHERTYPE_IPV4, 6, 4, 1, mac(source_mac),
                       socket.inet_aton(source), bytes(6), socket.inet_aton(target))
    return ethernet(source_mac, "ff:ff:ff:ff:ff:ff", body, ETHERTYPE_ARP)
