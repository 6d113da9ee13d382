package adapter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
)

// ParseURL reads redis://, rediss:// (TLS) and unix:// URLs, as in
// redis://user:password@host:6379/0. Its error never shows a password.
func ParseURL(s string) (*redis.Options, error) {
	opts, err := redis.ParseURL(s)
	if err == nil {
		return opts, nil
	}
	const want = "redis URL: want redis://, rediss:// or unix://, as in redis://user:password@host:6379/0"
	// The parser's own errors quote the URL, or the piece of it that they took
	// for a port or an escape, which in a URL with a slip is the password.
	// The library's checks come later and quote names, unless an @ shows that
	// there are credentials they could have taken for a path.
	var parse *url.Error
	if errors.As(err, &parse) || strings.Contains(s, "@") {
		return nil, errors.New(want)
	}
	return nil, fmt.Errorf("%s (%s)", want, strings.TrimPrefix(err.Error(), "redis: "))
}

// RouteLogs sends what the Redis library itself logs, for the whole process,
// to log at debug level: it repeats each failure that this package reports
// once. Call it before the first Run.
func RouteLogs(log *slog.Logger) { redis.SetLogger(libraryLog{log}) }

type libraryLog struct{ log *slog.Logger }

func (l libraryLog) Printf(ctx context.Context, format string, v ...any) {
	if l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.DebugContext(ctx, "go-redis: "+fmt.Sprintf(format, v...))
	}
}
