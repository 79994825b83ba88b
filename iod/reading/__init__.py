"""Objects as people read them: what an object is, what it says, PS3.3.

Law: pure functions on data sets, which never change them; whatever a file says, reading it ends, in
bounded room, with what could be read. No decoder, no numpy, nothing printed, nothing logged.
"""
