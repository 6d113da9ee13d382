// Package e2e tests tsunagu from outside, with real parts only: the built binary, a redis-server, Chromium
// with the original page, JavaScript clients of every version, and the seed's Node servers.
//
//	make test              installs what is missing and runs everything
//	make picture           writes docs/chat.png, which the README shows
//	go test -tags e2e -count=1 ./e2e -run Clients -v
//
// Everything listens on free ports of 127.0.0.1. Only the embedded Redis has the fixed port 6379: its tests
// fail if another program listens there.
//
// E2E_TARGET=seed puts the seed's Node servers in tsunagu's place. This shows that the tests want nothing that
// the original does not do. Tests of what the original cannot do are skipped then, and only then.
package e2e
