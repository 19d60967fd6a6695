"""存量贷款期初: loans listed and drawn before Fulcrum was, entered in mid-life as of a day. One office enters them, a second person confirms."""
