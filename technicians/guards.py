"""What technicians add to an account's life: the profile, in the registration's own transaction."""

from accounts.enums import Role
from accounts.hooks import profile_made_by
from technicians.services import technician_create_profile

profile_made_by(Role.TECHNICIAN, technician_create_profile)
