// Package health checks whether a running node serves clients.
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

// timeout is the timeout of a whole check. A caller with its own timeout should wait longer, to print the error.
const timeout = 3 * time.Second

// maxAnswer is the maximum number of bytes read from an answer. A handshake has about a hundred.
const maxAnswer = 64 << 10

// Check opens a session with the node at base, over polling, and closes it. It does not check Redis: a node
// without Redis still serves clients, and a restart of the node would not repair Redis.
func Check(ctx context.Context, base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("check: want a URL such as http://localhost:3000") // base may hold a password
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
	// The handshake has succeeded. Without this close the session ends at its ping timeout.
	_, _ = ask(ctx, http.MethodPost, target.String(), "1:1")
	return nil
}

// open makes the handshake and returns the session id.
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

// ask sends one request and returns the body of the answer. It uses no proxy and follows no redirect, because only
// the node itself may answer.
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

// shorten removes the URL, which Check adds.
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
