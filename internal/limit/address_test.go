package limit

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// request is one from a remote address, with a line of X-Forwarded-For for each of
// forwarded.
func request(remote string, forwarded ...string) *http.Request {
	r := &http.Request{RemoteAddr: remote, Header: http.Header{}}
	for _, line := range forwarded {
		r.Header.Add("X-Forwarded-For", line)
	}
	return r
}

func proxies(t testing.TB, s string) Proxies {
	t.Helper()
	p, err := ParseProxies(s)
	if err != nil {
		t.Fatalf("ParseProxies(%q): %v", s, err)
	}
	return p
}

func TestClientAddress(t *testing.T) {
	const trusted = "127.0.0.1,10.0.0.0/8,fd00::/8"
	long := strings.Repeat("10.0.0.1,", 2000)
	for _, c := range []struct {
		name, proxies, remote string
		forwarded             []string
		want                  string
	}{
		{"no proxy", "", "203.0.113.7:1234", nil, "203.0.113.7"},
		{"a header where no proxy is trusted", "", "203.0.113.7:1234", []string{"1.2.3.4"}, "203.0.113.7"},
		{"a header from one who is no proxy", trusted, "203.0.113.7:1234", []string{"1.2.3.4"}, "203.0.113.7"},
		{"a proxy without a header", trusted, "127.0.0.1:1234", nil, "127.0.0.1"},
		{"a proxy's header", trusted, "127.0.0.1:1234", []string{"203.0.113.7"}, "203.0.113.7"},
		{"a list that a client began", trusted, "127.0.0.1:1234", []string{"1.2.3.4, 203.0.113.7"}, "203.0.113.7"},
		{"a list that began with a proxy's address", trusted, "127.0.0.1:1234", []string{"10.9.9.9, 203.0.113.7"}, "203.0.113.7"},
		{"two proxies", trusted, "127.0.0.1:1234", []string{"1.2.3.4, 203.0.113.7, 10.1.2.3"}, "203.0.113.7"},
		{"several lines", trusted, "127.0.0.1:1234", []string{"1.2.3.4", "203.0.113.7", "10.1.2.3"}, "203.0.113.7"},
		{"lines and lists", trusted, "127.0.0.1:1234", []string{"1.2.3.4, 203.0.113.7", "10.1.2.3,10.3.2.1"}, "203.0.113.7"},
		{"only proxies", trusted, "127.0.0.1:1234", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"only proxies, many", trusted, "127.0.0.1:1234", []string{long + "10.0.0.2"}, "10.0.0.1"},
		{"no spaces", trusted, "127.0.0.1:1234", []string{"1.2.3.4,203.0.113.7"}, "203.0.113.7"},
		{"tabs", trusted, "127.0.0.1:1234", []string{"1.2.3.4\t,\t203.0.113.7\t"}, "203.0.113.7"},
		{"with a port", trusted, "127.0.0.1:1234", []string{"203.0.113.7:5678"}, "203.0.113.7"},
		{"garbage", trusted, "127.0.0.1:1234", []string{"unknown"}, "127.0.0.1"},
		{"garbage behind a proxy", trusted, "127.0.0.1:1234", []string{"1.2.3.4, _hidden, 10.1.2.3"}, "10.1.2.3"},
		{"garbage before the client", trusted, "127.0.0.1:1234", []string{"\xff;;[, 203.0.113.7"}, "203.0.113.7"},
		{"an empty line", trusted, "127.0.0.1:1234", []string{""}, "127.0.0.1"},
		{"an empty entry", trusted, "127.0.0.1:1234", []string{"203.0.113.7, "}, "127.0.0.1"},
		{"a zero-padded address", trusted, "127.0.0.1:1234", []string{"203.0.113.007"}, "127.0.0.1"},
		{"an address too long", trusted, "127.0.0.1:1234", []string{"203.0.113.7.8"}, "127.0.0.1"},

		{"IPv6 counts by its network", "", "[2001:db8:1:2:3:4:5:6]:1234", nil, "2001:db8:1:2::"},
		{"IPv6 with a zone", "", "[fe80::1%eth0]:1234", nil, "fe80::"},
		{"IPv4 as IPv6", "", "[::ffff:203.0.113.7]:1234", nil, "203.0.113.7"},
		{"a proxy's IPv4 as IPv6", trusted, "[::ffff:10.0.0.1]:1234", []string{"203.0.113.7"}, "203.0.113.7"},
		{"a proxy over IPv6", trusted, "[fd00::1]:1234", []string{"2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::"},
		{"a proxy beside the client in its network", "fd00::1", "[fd00::1]:1234", []string{"fd00::2"}, "fd00::"},
		{"IPv6 in brackets", trusted, "127.0.0.1:1234", []string{"[2001:db8:1:2:3:4:5:6]"}, "2001:db8:1:2::"},
		{"IPv6 with a port", trusted, "127.0.0.1:1234", []string{"[2001:db8:1:2:3:4:5:6]:5678"}, "2001:db8:1:2::"},
		{"forwarded IPv4 as IPv6", trusted, "127.0.0.1:1234", []string{"::ffff:203.0.113.7, ::ffff:10.0.0.1"}, "203.0.113.7"},
		{"forwarded with a zone", trusted, "127.0.0.1:1234", []string{"fe80::1%eth0"}, "fe80::"},
		{"a bracket that does not end", trusted, "127.0.0.1:1234", []string{"[2001:db8::1"}, "2001:db8::"},
		{"no address at all", trusted, "pipe", []string{"203.0.113.7"}, "invalid IP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := proxies(t, c.proxies).client(request(c.remote, c.forwarded...))
			if got.String() != c.want {
				t.Errorf("the request counts for %v, want %s", got, c.want)
			}
		})
	}
}

func TestParseProxies(t *testing.T) {
	want := Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32"),
		netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("192.0.2.1/32")}
	if got := proxies(t, " 10.0.0.0/8,127.0.0.1 , fd00::/8,::1, ::ffff:192.0.2.1"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := proxies(t, " "); got != nil {
		t.Errorf("no text is %v, want no proxies", got)
	}
	for _, s := range []string{"localhost", "10.0.0.0/33", "10.0.0/8", "10.0.0.1,", ",", "fe80::1%eth0", "::ffff:10.0.0.0/104", "10.0.0.1:80", "*"} {
		if got, err := ParseProxies(s); err == nil {
			t.Errorf("%q was read as %v, want an error", s, got)
		} else if !strings.Contains(err.Error(), "127.0.0.1,10.0.0.0/8") {
			t.Errorf("the error for %q shows no example: %v", s, err)
		}
	}
}

// No header makes the search for the client fail or return what could be another's.
func FuzzClientAddress(f *testing.F) {
	for _, s := range []string{"1.2.3.4, 10.0.0.1", "[2001:db8::1]:80", "unknown", ",,", "fe80::1%eth0"} {
		f.Add(s)
	}
	trusted := proxies(f, "10.0.0.0/8,fd00::/8")
	f.Fuzz(func(t *testing.T, forwarded string) {
		if got := trusted.client(request("203.0.113.7:1", forwarded)); got.String() != "203.0.113.7" {
			t.Errorf("one who is no proxy counts as %v", got)
		}
		got := trusted.client(request("10.0.0.1:1", forwarded))
		if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Errorf("the request counts for %v", got)
		}
		if got := trusted.client(request("10.0.0.1:1", forwarded+", 203.0.113.7")); got.String() != "203.0.113.7" {
			t.Errorf("a client that sent a header counts as %v", got)
		}
	})
}
