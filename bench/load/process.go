package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// Process is a generator from the orchestrator's side. It is its own process so that its CPU time and its descriptors are
// not the server's or anyone else's.
type Process struct {
	cmd     *exec.Cmd
	orders  io.WriteCloser
	encoder *json.Encoder
	answers *json.Decoder
}

// Start runs cmd, a command that ends up in Serve.
func Start(cmd *exec.Cmd) (*Process, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Process{cmd: cmd, orders: in, encoder: json.NewEncoder(in), answers: json.NewDecoder(out)}, nil
}

// PID is the generator's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Connect returns when all clients are connected.
func (p *Process) Connect(a ConnectAsk) (Connected, error) {
	r, err := p.order(ask{Connect: &a})
	if err != nil {
		return Connected{}, err
	}
	return *r.Connected, nil
}

// Traffic returns when the lines are delivered or given up.
func (p *Process) Traffic(a TrafficAsk) (Traffic, error) {
	r, err := p.order(ask{Traffic: &a})
	if err != nil {
		return Traffic{}, err
	}
	return *r.Traffic, nil
}

// Status asks how the clients are.
func (p *Process) Status() (Status, error) {
	r, err := p.order(ask{Status: true})
	if err != nil {
		return Status{}, err
	}
	return *r.Status, nil
}

// Stop ends the process, and all its clients with it.
func (p *Process) Stop() error {
	return errors.Join(p.orders.Close(), p.cmd.Wait())
}

func (p *Process) order(a ask) (answer, error) {
	var r answer
	if err := p.encoder.Encode(a); err != nil {
		return r, fmt.Errorf("load generator: %w", err)
	}
	if err := p.answers.Decode(&r); err != nil {
		return r, fmt.Errorf("load generator: %w", err)
	}
	if r.Error != "" {
		return r, fmt.Errorf("load generator: %s", r.Error)
	}
	return r, nil
}
