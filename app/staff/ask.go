package staff

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"fyne.io/fyne/v2"

	dev "yizhan/app/device"
	"yizhan/app/flow"
	"yizhan/app/flow/behalf"
	"yizhan/app/flow/doctor"
	"yizhan/app/flow/duty"
	"yizhan/app/flow/lock"
	"yizhan/app/flow/pickup"
	"yizhan/app/flow/roster"
	"yizhan/app/flow/slip"
	"yizhan/app/say"
	"yizhan/app/shell"
	"yizhan/core/handover"
	"yizhan/core/lookup"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// What follows does what the flows ask for: off the UI goroutine, because disks,
// networks and slow hashes take their time, and back onto it with the answer.

// patience is how long staff wait for the server's word before a request counts as pending.
const patience = 6 * time.Second

func (s *Shell) readPIN() {
	r, set, err := lock.Read(s.env.Store)
	if err != nil {
		fyne.LogError("read PIN", err)
		return // without its record nothing opens
	}
	s.toLock(lock.Loaded{Record: r, Set: set, Now: s.env.Now()})
}

func (s *Shell) toLock(m lock.Message) {
	was := s.lock.Open
	var do lock.Do
	s.lock, do = s.lock.Update(m)
	switch {
	case !was && s.lock.Open:
		s.rows = true
		if then := s.unlock; then != nil {
			s.unlock = nil
			then()
		}
	case was && !s.lock.Open:
		s.roster = s.roster.Nameless() // no name stays in memory behind the lock
		s.rosterView.Forget()
		if s.at == overrule || s.at == member {
			s.back()
		}
	}
	if _, tick := m.(lock.Tick); !tick {
		s.draw()
	}
	if do != (lock.Do{}) {
		go s.doLock(do)
	}
}

func (s *Shell) doLock(do lock.Do) {
	var err error
	answer := lock.Message(nil)
	if do.Keep != nil {
		err = do.Keep.Keep(s.env.Store)
	}
	now := s.env.Now()
	switch {
	case err != nil:
	case do.Try != "":
		answer = lock.Tried{Right: do.Keep.Is(do.Try), Now: now}
	case do.Choose != "":
		salt := make([]byte, lock.SaltSize)
		_, err = rand.Read(salt)
		r := lock.New(do.Choose, salt)
		err = errors.Join(err, r.Keep(s.env.Store))
		answer = lock.Chosen{Record: r, Now: now}
	}
	s.env.Do(func() {
		if err != nil {
			fyne.LogError("PIN", err)
			answer = lock.Broken{}
		}
		if answer != nil {
			s.toLock(answer)
		}
	})
}

// locked does something once the PIN was given; at once where the lock is open.
func (s *Shell) locked(then func()) {
	if s.lock.Open {
		s.touch()
		then()
		return
	}
	s.unlock = then
	s.draw()
}

func (s *Shell) toDuty(m duty.Message) {
	var ops []op.Op
	s.duty, ops = s.duty.Update(m)
	s.draw()
	for _, o := range ops {
		o.EnteredBy, o.At = string(s.who.Device), s.env.Now().UnixMilli()
		go func() {
			_, err := s.env.Link.Do(o)
			s.env.Do(func() {
				s.rows = true
				if err != nil {
					fyne.LogError("settle", err)
					s.toDuty(duty.NotStored{Full: shell.Full(err)})
					return
				}
				s.toDuty(duty.Stored{})
				s.signal(flow.Good, s.duty.Word.Word)
			})
		}()
	}
}

func (s *Shell) toRoster(m roster.Message) {
	s.touch()
	var do roster.Do
	gate := s.roster.Gate
	s.roster, do = s.roster.Update(m)
	if gate != s.roster.Gate {
		s.scanFor()
	}
	s.draw()
	if do == (roster.Do{}) {
		return
	}
	o := handover.Options{Activity: do.Key.Activity, Pool: do.Key.Pool, Out: do.Out, Reason: do.Reason, Override: do.Override}
	go func() {
		now := s.env.Now()
		out, err := s.env.Counter.Pass(pickup.Subject{Code: do.Code, Ticket: do.Ticket}, o, now)
		s.env.Do(func() {
			s.rows = true
			if err != nil {
				fyne.LogError("check in", err)
				s.toRoster(roster.NotStored{Full: shell.Full(err)})
				return
			}
			s.toRoster(roster.Passed{Verdict: out.Verdict, Ticket: out.Ticket, Seats: out.Seats, At: now})
			s.signal(s.roster.Word.Tone, s.roster.Word.Word)
		})
	}()
}

func (s *Shell) toBehalf(m behalf.Message) {
	s.touch()
	var do behalf.Do
	s.behalf, do = s.behalf.Update(m)
	if s.behalf.Page == behalf.Who {
		s.behalfView.Slip = nil
	}
	s.draw()
	switch {
	case do.Find != "":
		go s.find(do.Find)
	case do.Op != nil:
		go s.decide(*do.Op)
	}
}

// find looks for people among those whom this device knows, and asks the server
// where the digits of a phone were typed.
func (s *Shell) find(query string) {
	people, err := behalf.Find(s.env.Store, query)
	found := behalf.Searched{People: people}
	if q := lookup.Parse(query); err == nil && len(people) == 0 && q.Tail != "" && q.Named() {
		ctx, cancel := context.WithTimeout(s.env.Ctx, patience)
		defer cancel()
		found = behalf.Told(s.env.Link.Ask(ctx, wire.Ask{Kind: wire.AskPerson, Name: query, Phone: q.Tail}))
	}
	s.env.Do(func() {
		if err != nil {
			fyne.LogError("look for people", err)
		}
		s.toBehalf(found)
	})
}

// decide has this device decide by a lease of its own, else the server: then it
// waits a moment for the answer.
func (s *Shell) decide(o op.Op) {
	o.EnteredBy, o.At = string(s.who.Device), s.env.Now().UnixMilli()
	r, err := s.ask(o)
	answer := behalf.Answered{Result: r}
	if err == nil && r.Ticket != 0 {
		answer.Short = ticket.Short(r.Ticket)
		var unread error
		if answer.Code, answer.Policy, unread = behalf.Granted(s.env.Store, r.Ticket); unread != nil { // the short code finds the ticket too
			fyne.LogError("read granted ticket", unread)
		}
	}
	s.env.Do(func() {
		s.rows = true
		if err != nil {
			fyne.LogError("ask for a member", err)
			s.toBehalf(behalf.NotStored{Full: shell.Full(err)})
			return
		}
		s.toBehalf(answer)
		s.signal(s.behalf.Word.Tone, s.behalf.Word.Word, s.behalf.Word.Sentence)
	})
}

// signal plays the sound of an outcome, and reads it out where that is wanted.
func (s *Shell) signal(tone flow.Tone, words ...say.Text) {
	s.env.Signal(tone)
	s.env.Read(words...)
}

func (s *Shell) ask(o op.Op) (op.Result, error) {
	if o.Kind == op.Claim && s.env.Holder != nil {
		if r, _, handled, err := s.env.Holder.Claim(o, s.env.Now()); handled || err != nil {
			return r, err
		}
	}
	seq, err := s.env.Counter.Ask(o)
	if err != nil || !s.env.Link.Status().Online {
		return op.Result{Outcome: op.Pending}, err
	}
	ctx, cancel := context.WithTimeout(s.env.Ctx, patience)
	defer cancel()
	if r, err := s.env.Link.Wait(ctx, seq); err == nil {
		return r, nil
	}
	return op.Result{Outcome: op.Pending}, nil
}

// memberCode takes what was scanned on the page for members.
func (s *Shell) memberCode(c dev.Scan) {
	if c.Err != nil {
		return
	}
	s.toBehalf(behalf.Reading(s.codes.Read(c.Code, s.env.Clock())))
}

// doorCode takes what was scanned at a door.
func (s *Shell) doorCode(c dev.Scan) {
	if c.Err == nil {
		s.toRoster(roster.Scanned{Code: c.Code, At: c.At})
	}
}

// tryCode takes what is scanned on the page of the device: nothing but that it came.
func (s *Shell) tryCode(c dev.Scan) {
	if c.Err == nil {
		s.parts.Scanned = c.At.In(s.env.Zone)
		s.signal(flow.Good)
		s.draw()
	}
}

// examine looks at the hardware for the page of the device: codes are listened for,
// the camera is opened by that, and the printer is asked in the background.
func (s *Shell) examine() {
	s.parts = doctor.Parts{Tried: true}
	if !s.env.Press.Ready() {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(s.env.Ctx, patience)
		defer cancel()
		o := slip.Health(s.env.Press.Status(ctx))
		s.env.Do(func() {
			s.parts.Printer = &doctor.Finding{Tone: o.Tone, What: say.T("打印机"), Words: o.Sentence, Next: o.Next}
			s.draw()
		})
	}()
}

// see shows what the camera sees on that page.
func (s *Shell) see() {
	if s.scan == nil || s.env.Camera == nil {
		return
	}
	if s.at == device {
		s.parts.Camera = s.scan.CameraSeen()
		s.draw()
		return
	}
	if s.sight.Draw(s.scan.Sight()) {
		s.behalfView.Scene, s.rosterView.Scene = s.sight.Object(), s.sight.Object()
		s.last = model{}
		s.draw()
	}
}

// printSlip shows the slip of the decision, and prints it when asked.
func (s *Shell) printSlip() {
	here, err := s.env.Station()
	if err != nil {
		fyne.LogError("read station", err)
	}
	stations := func(at behalf.Place) wire.StationRow {
		row := wire.StationRow{ID: at.ID, Name: at.Name, Address: at.Address}
		if r, ok, err := s.env.Store.Get(wire.TableStation, string(at.ID)); err == nil && ok {
			_ = wire.DecodeRow(r.Body, &row) // what cannot be read stays what the page shows
		}
		return row
	}
	if p, ok := s.behalf.Slip(stations, here, s.env.Clock()); ok {
		s.slip = s.env.SlipPage(s.scale(), p, func() { s.slip, s.last = nil, model{}; s.draw() })
		s.last = model{}
		s.draw()
	}
}

// askWhy opens the page on which a supervisor says why, behind the PIN.
func (s *Shell) askWhy(what pickup.Subject) {
	if what == (pickup.Subject{}) {
		return
	}
	s.open(overrule)
	s.subject = what
	s.locked(func() {})
}

// submit takes what was typed on the pages short and overrule.
func (s *Shell) submit() {
	text, at, what := s.typed.Text, s.at, s.subject
	if text == "" {
		return
	}
	s.show(counter)
	switch at {
	case short:
		s.desk.Type(text)
	case overrule:
		s.desk.Overrule(what, text)
	}
}
