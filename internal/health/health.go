// Package health asks a running node whether it serves, as a client would.
package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tsunagu/internal/packet"
)

// timeout bounds the whole check. A caller should wait a little longer, so that the reason is still printed.
const timeout = 3 * time.Second

// maxAnswer is how much of an answer is read, in bytes; a handshake has about a hundred.
const maxAnswer = 64 << 10

// Check opens a session with the node at base, over polling, and closes it again. Redis plays no part in
// that: a node without Redis serves, and a restart of the node would not bring Redis back.
func Check(ctx context.Context, base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("check: want a URL such as http://localhost:3000") // the one given may hold a password
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	target := u.JoinPath("socket.io/")
	target.RawQuery = "EIO=3&transport=polling"
	sid, err := open(ctx, target.String())
	if err != nil {
		return fmt.Errorf("check: %s: %w", u.Redacted(), err)
	}
	target.RawQuery += "&sid=" + url.QueryEscape(sid)
	// The handshake was the answer. Where this fails the session ends by itself, a little later.
	_, _ = ask(ctx, http.MethodPost, target.String(), "1:1")
	return nil
}

// open makes the handshake and returns the id of the session.
func open(ctx context.Context, target string) (sid string, err error) {
	answer, err := ask(ctx, http.MethodGet, target, "")
	if err != nil {
		return "", err
	}
	for p, err := range packet.Payload3(answer) {
		var handshake struct{ SID string }
		if err == nil && p.Type == packet.Open && json.Unmarshal(p.Data, &handshake) == nil && handshake.SID != "" {
			return handshake.SID, nil
		}
		break
	}
	return "", errors.New("the answer is no handshake of Engine.IO 3")
}

// ask goes straight to the node: past a proxy from the environment, and after no redirect.
func ask(ctx context.Context, method, target, body string) ([]byte, error) {
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	r.Header.Set("User-Agent", "tsunagu-check")
	res, err := client.Do(r)
	if err != nil {
		return nil, shorten(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s", res.Status)
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return answer, shorten(err)
}

// shorten leaves out the URL, which the caller adds.
func shorten(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v", timeout)
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
