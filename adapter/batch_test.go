package adapter

import (
	"errors"
	"testing"
)

func TestSettle(t *testing.T) {
	fail := errors.New("fail")
	for name, c := range map[string]struct {
		fates []fate
		want  result
	}{
		"all ran":                 {[]fate{ran, ran}, result{settled: 2, published: 2}},
		"none ran":                {[]fate{refused, refused}, result{err: fail}},
		"the rest did not":        {[]fate{ran, refused, refused}, result{settled: 1, published: 1, err: fail}},
		"no answer":               {[]fate{unknown, unknown}, result{settled: 2, unanswered: 2, err: fail}},
		"the end is unknown":      {[]fate{ran, unknown}, result{settled: 2, published: 1, unanswered: 1, err: fail}},
		"one before others":       {[]fate{refused, ran}, result{settled: 2, published: 1, refused: 1, err: fail}},
		"one before, one after":   {[]fate{refused, ran, refused}, result{settled: 2, published: 1, refused: 1, err: fail}},
		"refused before unknown":  {[]fate{refused, unknown}, result{settled: 2, unanswered: 1, refused: 1, err: fail}},
		"a single one, no answer": {[]fate{unknown}, result{settled: 1, unanswered: 1, err: fail}},
	} {
		if got := settle(c.fates, fail); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if got := settle([]fate{refused, ran}, nil); got.err == nil {
		t.Error("a refusal inside EXEC's answer is no error")
	}
}
