//go:build e2e

package e2e

import "strings"

// polling4 are polls and posts that meet, and sessions that end.
func polling4() []exchange {
	partial := "POST @a\nContent-Length: 4\n\n"
	return append([]exchange{
		{"a poll that finds something", []step{hello(), do("POST @a\n\n40/x", "GET @a")}, quiet},
		{"a poll that waits", []step{hello(), pend("poll", "GET @a"), do("POST @a\n\n40/x"), await("poll"), lives("a")}, quiet},
		{"several packets wait", []step{hello(), do("POST @a\n\n40/x\x1e40/y", "POST @a\n\n40/z", "GET @a"), lives("a")}, quiet},
		{"overlapping polls", []step{hello(), pend("first", "GET @a"), do("GET @a"), await("first"), lives("a")}, quiet},
		{"overlapping polls, JSONP", []step{hello("&j=0"), pend("first", "GET @a&j=1"), do("GET @a&j=2"), await("first"), lives("a&j=3")}, quiet},
		{"overlapping polls, three", []step{hello(), pend("first", "GET @a"), do("GET @a", "GET @a"), await("first")}, quiet},
		{"overlapping posts", []step{hello(), pend("first", partial+"4"), do("POST @a\n\n40/x"), waits("first"), lives("a")}, quiet},
		{"overlapping posts, a poll pending", []step{hello(), pend("poll", "GET @a"), pend("first", partial+"4"), do("POST @a\n\n40/x"), waits("first"), waits("poll"), lives("a")}, quiet},
		{"a post in pieces", []step{hello(), pend("post", partial), put("post", "4"), waits("post"), put("post", "0/x"), await("post"), lives("a")}, quiet},
		{"a poll while a post is under way", []step{hello(), pend("post", partial), pend("poll", "GET @a"), put("post", "40/x"), await("post", "poll"), lives("a")}, quiet},
		{"HEAD while a post is under way", []step{hello(), pend("post", partial), do("HEAD @a"), put("post", "40/x"), await("post"), lives("a")}, quiet},
		{"PUT while a poll is pending", []step{hello(), pend("poll", "GET @a"), do("PUT @a\n\n40/x"), waits("poll"), do("POST @a\n\n40/x"), await("poll"), lives("a")}, quiet},
		{"a poll that is given up", []step{hello(), pend("poll", "GET @a"), hangUp("poll"), settled, lives("a")}, quiet},
		{"a post that is given up", []step{hello(), pend("post", partial+"4"), hangUp("post"), settled, lives("a")}, quiet},
		{"a post that is given up, a poll pending", []step{hello(), pend("poll", "GET @a"), pend("post", partial), hangUp("post"), await("poll"), lives("a")}, quiet},
		{"a poll given up while a post is under way", []step{hello(), pend("post", partial), pend("poll", "GET @a"), hangUp("poll"), waits("post"), lives("a")}, quiet},
		{"client leaves", []step{hello(), do("POST @a\n\n1"), lives("a")}, quiet},
		{"client leaves, poll pending", []step{hello(), pend("poll", "GET @a"), do("POST @a\n\n1"), await("poll"), lives("a")}, quiet},
		{"client leaves, something waiting", []step{hello(), do("POST @a\n\n40/x\x1e1"), lives("a")}, quiet},
		{"client leaves as a browser's page does", []step{hello(), join4("a"), pend("poll", "GET @a"), do("POST @a\n\n41\x1e1"), await("poll"), lives("a")}, quiet},
		{"client leaves twice", []step{hello(), do("POST @a\n\n1\x1e1", "POST @a\n\n1")}, quiet},
		{"client leaves the namespace", []step{hello(), join4("a"), do("POST @a\n\n41"), lives("a"), join4("a"), lives("a")}, quiet},
		{"server closes, poll pending", []step{hello(), pend("poll", "GET @a"), do("POST @a\n\n4"), await("poll"), lives("a")}, quiet},
		{"server closes, nothing pending", []step{hello(), do("POST @a\n\n4", "GET @a", "GET @a")}, quiet},
		{"server closes, something waiting", []step{hello(), do("POST @a\n\n40/x\x1e4", "GET @a", "GET @a")}, quiet},
		{"server closes, more is sent", []step{hello(), do("POST @a\n\n4\x1e40/x", "POST @a\n\n40/y", "GET @a", "GET @a")}, quiet},
		{"server closes, client leaves", []step{hello(), do("POST @a\n\n4", "POST @a\n\n1", "GET @a")}, quiet},
		{"server closes, malformed payload follows", []step{hello(), do("POST @a\n\n4", "POST @a\n\nx", "GET @a")}, quiet},
		{"server closes, JSONP", []step{hello("&j=0"), do("POST @a&j=0\n\nd=4", "GET @a&j=1", "GET @a&j=2")}, quiet},
		{"server closes, overlap follows", []step{hello(), pend("post", partial), do("POST @a\n\n4"), waits("post"), do("GET @a")}, quiet},
		{"server closes, connected", []step{hello(), join4("a"), do("POST @a\n\n42{", "GET @a", "GET @a")}, quiet},
		{"server closes for a second CONNECT", []step{hello(), join4("a"), pend("poll", "GET @a"), do("POST @a\n\n40"), await("poll"), lives("a")}, quiet},
		{"after a malformed payload, HEAD", []step{hello(), do("POST @a\n\nx", "HEAD @a", "OPTIONS @a")}, quiet},
		{"base64 session", []step{hello("&b64=1"), join4("a"), lives("a")}, quiet},
		{"two requests on one connection", []step{hello(), ask("both", "GET @a"), do("POST @a\n\n40/x"), await("both"),
			again("both", "POST @a\n\n40/y"), await("both"), again("both", "GET @a"), await("both")}, quiet},
		{"poll over HTTP/1.0", []step{hello(), do("POST @a HTTP/1.0\n\n40/x", "GET @a HTTP/1.0")}, quiet},
	}, compressions4()...)
}

// compressions4 are answers of more than a kilobyte.
func compressions4() []exchange {
	large := "POST @a\n\n40/" + strings.Repeat("日", 500)
	return []exchange{
		{"compressed with gzip", []step{hello(), do(large, "GET @a\nAccept-Encoding: gzip, deflate"), lives("a")}, quiet},
		{"compressed with deflate", []step{hello(), do(large, "GET @a\nAccept-Encoding: deflate"), lives("a")}, quiet},
		{"not compressed", []step{hello(), do(large, "GET @a"), lives("a")}, quiet},
		{"compressed, JSONP", []step{hello("&j=0"), do("POST @a&j=0\n\nd=40%2F"+strings.Repeat("y", 1200), "GET @a&j=1\nAccept-Encoding: gzip")}, quiet},
		{"compressed, a poll that waited", []step{hello(), pend("poll", "GET @a\nAccept-Encoding: gzip"), do(large), await("poll"), lives("a")}, quiet},
	}
}
