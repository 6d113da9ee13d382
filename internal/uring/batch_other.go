//go:build !linux || !(amd64 || arm64)

package uring

import "errors"

// A Batch is not to be had here: there is only the one that is always full, nil.
type Batch struct{}

// New says that there is no batch.
func New() (*Batch, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Batch) Close() {}

// Full tells that Add may not be called.
func (*Batch) Full() bool { return true }

// Add may not be called.
func (*Batch) Add(int, []byte, Writer) { panic("uring: no batch here") }

// Send does nothing.
func (*Batch) Send() error { return nil }
