package adapter

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	//go:embed publish.lua
	publishSource string
	//go:embed read.lua
	readSource string

	publishScript = redis.NewScript(publishSource)
	readScript    = redis.NewScript(readSource)
)

const (
	// pageEntries is the number of entries that one call of read.lua returns.
	pageEntries = 100
	// entryCost is what an entry of the log counts beyond its text, as in
	// publish.lua.
	entryCost = 64
	// unusedExpiry is how long the keys stay in Redis after their last use.
	unusedExpiry = time.Hour
)

// names are the channels and keys of one chat. The keys and the second channel
// share one hash tag, so that a cluster keeps them on one node.
type names struct {
	bare, lines string
	keys        []string // log, watermarks
}

func namesOf(channel string) names {
	tag := "{" + channel + "}"
	return names{bare: channel, lines: tag + ":lines", keys: []string{tag + ":log", tag + ":runs"}}
}

// lineHash is what an announcement says of a line beside its length.
func lineHash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// partialError is a refusal that came after the lines were appended.
type partialError struct{ reply string }

func (e partialError) Error() string { return e.reply }

// logLines runs publish.lua for b and returns the watermark. When the error is
// a partialError the watermark holds nevertheless.
func logLines(client *redis.Client, n names, b batch, call uint64, maxLog int) (mark uint64, err error) {
	args := make([]any, 12, 12+3*len(b.lines))
	size := 0
	for i, text := range b.lines {
		number, what := b.first+uint64(i), "-"
		if number > b.quiet {
			what = strconv.Itoa(len(text)) + ":" + lineHash(text)
		}
		args = append(args, number, text, what)
		size += len(text) + entryCost
	}
	copy(args, []any{
		b.run, b.first - 1, b.first - 1 + uint64(len(b.lines)), len(b.lines), size, b.base, call,
		n.lines, n.bare, maxLog, int(unusedExpiry.Seconds()), b.renew,
	})
	answer, err := publishScript.Run(context.Background(), client, n.keys, args...).StringSlice()
	if err != nil {
		return 0, err
	}
	if len(answer) == 0 {
		return 0, errors.New("publish.lua returned nothing")
	}
	mark, err = strconv.ParseUint(answer[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("publish.lua returned %q", answer[0])
	}
	if len(answer) > 1 {
		return mark, partialError{answer[1]}
	}
	return mark, nil
}

// watermark reads the watermark of run. Unlike the script it needs no memory
// and no replicas.
func watermark(client *redis.Client, n names, run string) (uint64, error) {
	mark, err := client.HGet(context.Background(), n.keys[1], run).Uint64()
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	return mark, err
}

// readPage runs read.lua: "-" for the oldest entries, "$" for the newest one.
func readPage(client *redis.Client, n names, from string) (page, error) {
	answer, err := readScript.Run(context.Background(), client, n.keys, from, pageEntries).Slice()
	if err != nil {
		return page{}, err
	}
	return decodePage(answer)
}

var errPage = errors.New("read.lua returned something else than a page")

func decodePage(answer []any) (page, error) {
	if len(answer) == 0 {
		return page{}, errPage
	}
	raw, ok := answer[0].([]any)
	if !ok {
		return page{}, errPage
	}
	p := page{entries: make([]entry, 0, len(raw))}
	for _, item := range raw {
		e, ok := decodeEntry(item)
		if !ok {
			return page{}, fmt.Errorf("%w: an entry of the stream is not the relay's", errPage)
		}
		p.entries = append(p.entries, e)
	}
	if len(answer) < 2 {
		return p, nil
	}
	fields, ok := answer[1].([]any)
	if !ok {
		return page{}, errPage
	}
	p.marks = make(map[string]uint64, len(fields)/4)
	for i := 0; i+1 < len(fields); i += 2 {
		run, _ := fields[i].(string)
		value, _ := fields[i+1].(string)
		if run == "bytes" || strings.HasPrefix(run, "@") {
			continue
		}
		if mark, err := strconv.ParseUint(value, 10, 64); err == nil {
			p.marks[run] = mark
		}
	}
	return p, nil
}

// decodeEntry reads [id, [r, run, n, number, t, text]].
func decodeEntry(item any) (e entry, ok bool) {
	pair, _ := item.([]any)
	if len(pair) != 2 {
		return entry{}, false
	}
	fields, _ := pair[1].([]any)
	if len(fields) != 6 {
		return entry{}, false
	}
	id, _ := pair[0].(string)
	run, _ := fields[1].(string)
	number, _ := fields[3].(string)
	text, ok := fields[5].(string)
	n, err := strconv.ParseUint(number, 10, 64)
	return entry{pos: Position{ID: id, Run: run, Number: n}, text: []byte(text)}, ok && err == nil
}
