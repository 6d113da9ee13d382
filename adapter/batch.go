package adapter

import (
	"context"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"
)

// result says what became of a batch. The first settled lines must not be sent
// again and are each published, unanswered or refused; the rest did not run.
type result struct {
	settled, published, unanswered, refused int
	err                                     error
}

// fate is what became of one line.
type fate int

const (
	refused fate = iota // Redis answered with an error: it did not run
	unknown             // no answer: it may have run
	ran
)

// publish sends batch in one round trip over a client that is a link's, hence
// connected already or never again.
func publish(client *redis.Client, channel string, batch [][]byte) result {
	if len(batch) == 0 {
		return result{}
	}
	ctx := context.Background() // the link is cut instead, see newLink
	pipe := client.Pipeline()
	cmds := make([]*redis.Cmd, len(batch))
	var multi, exec *redis.Cmd
	// The library's own TxPipeline stops reading at a refused MULTI, behind
	// which the lines run one by one; written out, every reply can be seen.
	if len(batch) > 1 {
		multi = pipe.Do(ctx, "multi")
	}
	for i, line := range batch {
		cmds[i] = pipe.Do(ctx, "publish", channel, line)
	}
	if len(batch) > 1 {
		exec = pipe.Do(ctx, "exec")
	}
	_, err := pipe.Exec(ctx)
	if neverLeft(err) {
		return result{err: err}
	}
	fates := make([]fate, len(batch))
	switch {
	case multi != nil && multi.Err() == nil:
		transactionFates(fates, exec)
	default:
		for i, cmd := range cmds {
			fates[i] = fateOf(cmd.Err())
		}
	}
	return settle(fates, err)
}

// neverLeft tells whether err means that the end of the batch did not leave
// this machine: its connection was gone before, or a write failed. The server
// runs neither half a PUBLISH nor a MULTI without its EXEC.
func neverLeft(err error) bool {
	var op *net.OpError
	return errors.Is(err, errSpent) || errors.As(err, &op) && op.Op == "write"
}

// transactionFates reads the answer to EXEC; MULTI was accepted, so that alone
// decides. EXECABORT is the one error that says that nothing ran: another one
// may be the answer to a single line, where the library stops reading.
func transactionFates(fates []fate, exec *redis.Cmd) {
	answers, err := exec.Slice()
	for i := range fates {
		switch {
		case redis.IsExecAbortError(err):
			fates[i] = refused
		case err != nil || i >= len(answers):
			fates[i] = unknown
		default:
			fates[i] = ran
			if e, ok := answers[i].(error); ok {
				fates[i] = fateOf(e)
			}
		}
	}
}

func fateOf(err error) fate {
	switch {
	case err == nil:
		return ran
	case isRefusal(err):
		return refused
	default:
		return unknown
	}
}

// settle draws the line: behind the last one that ran or may have, lines are
// kept to be sent again. A refused one before it is given up, for it could
// only be sent out of order. err is the batch's first error; where every line
// ran (and only MULTI was refused) it is of no interest.
func settle(fates []fate, err error) result {
	var res result
	for i, f := range fates {
		if f != refused {
			res.settled = i + 1
		}
	}
	for _, f := range fates[:res.settled] {
		switch f {
		case ran:
			res.published++
		case unknown:
			res.unanswered++
		case refused:
			res.refused++
		}
	}
	if res.published < len(fates) {
		res.err = err
		if err == nil { // EXEC answered, but one of its answers is an error
			res.err = errors.New("redis refused a line")
		}
	}
	return res
}
