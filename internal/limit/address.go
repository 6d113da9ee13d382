package limit

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the networks of the proxies in front of a node. Only their
// X-Forwarded-For headers count, because anybody can send one.
type Proxies []netip.Prefix

// ParseProxies reads networks and addresses with commas, such as
// "127.0.0.1,10.0.0.0/8,fd00::/8". No text is no proxies.
func ParseProxies(s string) (Proxies, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	var all Proxies
	for field := range strings.SplitSeq(s, ",") {
		field = strings.TrimSpace(field)
		prefix, err := netip.ParsePrefix(field)
		if addr, addrErr := netip.ParseAddr(field); addrErr == nil && addr.Zone() == "" {
			addr = addr.Unmap()
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil || prefix.Addr().Is4In6() {
			return nil, fmt.Errorf("%q: want networks or addresses with commas, such as 127.0.0.1,10.0.0.0/8", field)
		}
		all = append(all, prefix)
	}
	return all, nil
}

// client returns the address that a request counts for. That is the remote address of
// its connection. If that is a proxy's, it is the right-most address in
// X-Forwarded-For that is no proxy's, or the left-most of all if each is a proxy's.
// The search ends at an entry that is no address, with the proxy that wrote it. It is
// the zero Addr if the remote address is none, as for a pipe.
//
// Of an IPv6 address only the network of 64 bits counts, because a client can have
// any address of its network.
func (p Proxies) client(r *http.Request) netip.Addr {
	remote, _ := netip.ParseAddrPort(r.RemoteAddr) // the zero AddrPort on an error
	addr := plain(remote.Addr())
	list := ""
	if p.contain(addr) {
		list = strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	}
	for list != "" && p.contain(addr) {
		at := strings.LastIndexByte(list, ',')
		forwarded, err := parseForwarded(list[at+1:])
		if err != nil {
			break
		}
		addr, list = forwarded, list[:max(at, 0)]
	}
	if addr.Is6() {
		network, _ := addr.Prefix(64) // of an IPv6 address: cannot fail
		addr = network.Addr()
	}
	return addr
}

func (p Proxies) contain(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// parseForwarded reads an entry of X-Forwarded-For. Some proxies add the port, and put
// IPv6 addresses into brackets.
func parseForwarded(s string) (netip.Addr, error) {
	s = strings.TrimSpace(s)
	if withPort, err := netip.ParseAddrPort(s); err == nil {
		return plain(withPort.Addr()), nil
	}
	if inner, found := strings.CutPrefix(s, "["); found {
		s = strings.TrimSuffix(inner, "]")
	}
	addr, err := netip.ParseAddr(s)
	return plain(addr), err
}

// plain returns an address without what lets one be written in several ways.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }
