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
// redis://user:password@host:6379/0, and those of Sentinel, as in
// redis://user:password@host:26379/0?master_name=chat&addr=host2:26379, where
// user and password are Sentinel's and username= and password= those of Redis.
// go-redis parses both (ParseURL, ParseFailoverURL) and documents their
// parameters. The error never shows a password.
func ParseURL(s string) (*redis.Options, error) {
	u, err := url.Parse(s)
	if err == nil && u.Query().Has("master_name") {
		var failover *redis.FailoverOptions
		if failover, err = redis.ParseFailoverURL(s); err == nil {
			return sentinelOptions(failover), nil
		}
		return nil, explain(s, err)
	}
	opts, err := redis.ParseURL(s)
	if err != nil {
		return nil, explain(s, err)
	}
	return opts, nil
}

// explain makes an error of the parsers fit to be shown.
func explain(s string, err error) error {
	const want = "redis URL: want redis://, rediss:// or unix://, as in redis://user:password@host:6379/0"
	// The parser's own errors quote the URL, or the piece of it that they took
	// for a port or an escape, which in a URL with a slip is the password.
	// The library's checks come later and quote names, unless an @ shows that
	// there are credentials they could have taken for a path.
	var parse *url.Error
	if errors.As(err, &parse) || strings.Contains(s, "@") {
		return errors.New(want)
	}
	return fmt.Errorf("%s (%s)", want, strings.TrimPrefix(err.Error(), "redis: "))
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
