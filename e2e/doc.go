// Package e2e judges tsunagu from outside, with real parts only: the built binary, a redis-server, Chromium
// with the original page, JavaScript clients of every version, and the seed's Node servers beside ours.
//
//	make test              installs what is missing and runs everything
//	make picture           writes docs/chat.png, which the README shows
//	go test -tags e2e -count=1 ./e2e -run Clients -v
//
// Everything listens on free ports of 127.0.0.1, but for the embedded Redis: that one lives at
// 127.0.0.1:6379, and its tests fail where somebody else does.
//
// E2E_TARGET=seed puts the seed's Node servers in tsunagu's place, which shows that a test asks for nothing
// but what the original does. What the original cannot do is skipped then, and only then.
package e2e
