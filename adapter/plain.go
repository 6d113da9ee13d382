package adapter

import (
	"context"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"
)

// result says what became of a batch. The first done lines must not be sent
// again and are each published, unanswered or refused; the rest did not run.
type result struct {
	done, published, unanswered, refused int
	err                                  error
}

// outcome is what became of one line.
type outcome int

const (
	refused outcome = iota // Redis answered with an error: it did not run
	unknown                // no answer: it may have run
	ran
)

// transactions asks whether MULTI is allowed. Where it is not, the lines of a
// batch would run one by one, and after a failed write nobody could say which.
func transactions(client *redis.Client) (bool, error) {
	ctx := context.Background()
	pipe := client.Pipeline()
	multi := pipe.Do(ctx, "multi")
	queued := pipe.Do(ctx, "echo", "") // over maxmemory nothing may be queued
	pipe.Do(ctx, "discard")
	if _, err := pipe.Exec(ctx); err != nil && !isRefusal(err) {
		return false, err
	}
	return multi.Err() == nil && queued.Err() == nil, nil
}

// publishPlain sends batch in one round trip over the client of a connection,
// hence connected already or never again. A batch of several lines needs MULTI.
func publishPlain(client *redis.Client, channel string, batch [][]byte) result {
	if len(batch) == 0 {
		return result{}
	}
	ctx := context.Background() // the connection is closed instead, see newConnection
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
	if notWritten(err) {
		return result{err: err}
	}
	outcomes := make([]outcome, len(batch))
	switch {
	case multi != nil && multi.Err() == nil:
		transactionOutcomes(outcomes, exec)
	default:
		for i, cmd := range cmds {
			outcomes[i] = outcomeOf(cmd.Err())
		}
	}
	return summarize(outcomes, err)
}

// notWritten tells whether err means that the end of the batch did not leave
// this machine: its connection was gone before, or a write failed. The server
// runs neither half a PUBLISH nor a MULTI without its EXEC.
func notWritten(err error) bool {
	var op *net.OpError
	return errors.Is(err, errConnectionClosed) || errors.As(err, &op) && op.Op == "write"
}

// transactionOutcomes reads the answer to EXEC; MULTI was accepted, so that alone
// decides. EXECABORT is the one error that says that nothing ran: another one
// may be the answer to a single line, where the library stops reading.
func transactionOutcomes(outcomes []outcome, exec *redis.Cmd) {
	answers, err := exec.Slice()
	for i := range outcomes {
		switch {
		case redis.IsExecAbortError(err):
			outcomes[i] = refused
		case err != nil || i >= len(answers):
			outcomes[i] = unknown
		default:
			outcomes[i] = ran
			if e, ok := answers[i].(error); ok {
				outcomes[i] = outcomeOf(e)
			}
		}
	}
}

func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return ran
	case isRefusal(err):
		return refused
	default:
		return unknown
	}
}

// resumeDelay draws the line: behind the last one that ran or may have, lines are
// kept to be sent again. A refused one before it is given up, for it could
// only be sent out of order. err is the batch's first error; where every line
// ran (and only MULTI was refused) it is of no interest.
func summarize(outcomes []outcome, err error) result {
	var res result
	for i, f := range outcomes {
		if f != refused {
			res.done = i + 1
		}
	}
	for _, f := range outcomes[:res.done] {
		switch f {
		case ran:
			res.published++
		case unknown:
			res.unanswered++
		case refused:
			res.refused++
		}
	}
	if res.published < len(outcomes) {
		res.err = err
		if err == nil { // EXEC answered, but one of its answers is an error
			res.err = errors.New("redis refused a line")
		}
	}
	return res
}
